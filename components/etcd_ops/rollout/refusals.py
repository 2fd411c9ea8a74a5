"""Which declarations must not be written over what a channel holds: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.model.records import FormationState
from etcd_ops.model.spec import ClusterSpec, Mode
from etcd_ops.model.told import refusing
from etcd_ops.model.transitions import Observed
from etcd_ops.model.transitions import refusals as transition_problems
from etcd_ops.model.validation import parse
from etcd_ops.rollout.contents import Contents

PREFIX = "cluster."
"""Where Rollout's inputs hold the body of the document."""


def foreign(held: Contents, owner: str, former_owner: str) -> tuple[Problem, ...]:
    """Problems with a channel that holds somebody else's cluster.

    Args:
        held: what it holds.
        owner: URN of the resource that declares.
        former_owner: URN of the resource whose cluster may be taken over; empty for none.
    """
    current = held.desired
    if current is None or current.owner in (owner, former_owner) or is_over(held):
        return ()
    remedy = "name another channel, or declare that URN as formerOwner to take its cluster over"
    return (Problem("channel", f"it holds the cluster of {current.owner}", remedy),)


def forbidden(before: ClusterSpec | None, after: ClusterSpec, observed: Observed) -> tuple[Problem, ...]:
    """Problems with declaring `after` where `before` is declared, by property path of Rollout."""
    found = transition_problems(before, after, observed)
    return tuple(replace(problem, path=f"{PREFIX}{problem.path}") for problem in found)


def declared(held: Contents, after: ClusterSpec) -> ClusterSpec | None:
    """What the channel declares now; None where nothing, or nothing that this version can read, or that agents act on.

    A destroyed cluster whose volumes were kept is taken up again with the trust of `after`: its authorities went with
    the stack, and none of its processes runs.
    """
    if held.desired is None or is_over(held) or is_refused(held):
        return None
    before = readable(held.desired.body)
    if before is not None and held.desired.mode is Mode.RETIRING:
        return before.model_copy(update={"trust": after.trust})
    return before


def readable(body: Mapping[str, object]) -> ClusterSpec | None:
    """A body of this version. Transitions from another version's are judged by agents alone."""
    try:
        return parse(body)
    except Invalid:
        return None


def is_refused(held: Contents) -> bool:
    """Whether most agents that know the document refuse to act on it: nothing has to follow from it then."""
    return bool(refusing(held.statuses.values(), held.desired.digest if held.desired else ""))


def is_over(held: Contents) -> bool:
    """Whether the cluster that the channel spoke of was destroyed, and its volumes deleted."""
    current, record = held.desired, held.formation
    closed = record is not None and record.state is FormationState.CLOSED
    return closed and (current is None or current.mode is Mode.RETIRING)
