"""Which declarations must not be written over what a channel holds: pure."""

from __future__ import annotations

from etcd_ops.model.problems import Problem
from etcd_ops.model.records import FormationState
from etcd_ops.model.spec import ClusterSpec, Mode
from etcd_ops.rollout.contents import Contents


def foreign(held: Contents, owner: str, former_owner: str) -> tuple[Problem, ...]:
    """Problems with a channel that holds somebody else's cluster.

    Args:
        held: what it holds.
        owner: URN of the resource that declares.
        former_owner: URN of the resource whose cluster may be taken over; empty for none.
    """
    current = held.desired
    if current is None or current.owner in (owner, former_owner):
        return ()
    closed = held.formation is not None and held.formation.state is FormationState.CLOSED
    if current.mode is Mode.RETIRING and closed:
        return ()
    remedy = "name another channel, or declare that URN as formerOwner to take its cluster over"
    return (Problem("channel", f"it holds the cluster of {current.owner}", remedy),)


def forbidden(before: ClusterSpec, after: ClusterSpec) -> tuple[Problem, ...]:
    """Problems with declaring `after` where `before` is declared."""
    if before.name == after.name:
        return ()
    return (Problem("cluster.name", f"cannot change from {before.name}: destroy it, or keep its name"),)
