"""What a channel tells about the live cluster, for judging a change of its declaration: pure but for the waiting."""

from __future__ import annotations

from etcd_ops.agent.clock import Clock
from etcd_ops.channel.port import Channel
from etcd_ops.model.gate import quorum
from etcd_ops.model.records import FormationState
from etcd_ops.model.spec import ClusterSpec
from etcd_ops.model.status import MemberStatus
from etcd_ops.model.told import told
from etcd_ops.model.transitions import Observed
from etcd_ops.rollout.contents import Contents, read_statuses
from etcd_ops.rollout.judgement import Statuses, is_fresh, marks

POLL = 0.2
PATIENCE = 5.0
"""Seconds within which every live agent publishes its status."""


def observed(held: Contents, before: ClusterSpec | None, fresh: Statuses | None = None) -> Observed:
    """Facts about the cluster.

    Args:
        held: what the channel holds.
        before: what is declared now.
        fresh: statuses that are known to be of now; None where nobody waited for them.
    """
    return told(held.formation, held.statuses, before, formed=_formed(held), quorum=_has_quorum(fresh, before))


async def fresh_statuses(channel: Channel, slots: frozenset[str], clock: Clock) -> dict[str, MemberStatus]:
    """Statuses that are published from now on, of as many of `slots` as do so within `PATIENCE`.

    Raises:
        ChannelUnavailable
    """
    before = marks(await read_statuses(channel))
    until = clock.boottime() + PATIENCE
    while True:
        statuses = await read_statuses(channel)
        fresh = {slot: status for slot, status in statuses.items() if is_fresh(status, before)}
        if slots <= fresh.keys() or clock.boottime() >= until:
            return fresh
        await clock.sleep(POLL)


def _formed(held: Contents) -> bool | None:
    """False only where nothing can ever have been started; an empty channel may have been emptied."""
    if held.formation is not None:
        return held.formation.state is not FormationState.CLOSED
    alive = any(status.cluster_id is not None or status.has_data for status in held.statuses.values())
    return False if held.desired is not None and not alive else None


def _has_quorum(fresh: Statuses | None, before: ClusterSpec | None) -> bool | None:
    """True where enough members say now that they are healthy. Silence proves nothing."""
    if fresh is None or before is None:
        return None
    healthy = [slot for slot in before.members if slot in fresh and fresh[slot].healthy]
    return True if len(healthy) >= quorum(len(before.members)) else None
