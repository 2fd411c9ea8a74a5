"""What a channel tells about the live cluster, for judging a change of its declaration: pure but for the waiting."""

from __future__ import annotations

from collections.abc import Mapping

from etcd_ops.agent.clock import Clock
from etcd_ops.channel.port import Channel
from etcd_ops.model.gate import quorum
from etcd_ops.model.records import FormationState
from etcd_ops.model.spec import ClusterSpec
from etcd_ops.model.status import MemberStatus, Role, State
from etcd_ops.model.transitions import Observed
from etcd_ops.model.versions import Line, Running, Version
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
    record = held.formation
    statuses = [status for slot, status in held.statuses.items() if before is None or slot in before.members]
    sizes = [status.database_bytes for status in statuses if status.database_bytes]
    return Observed(
        formed=_formed(held),
        forming=record is not None and record.state is FormationState.FORMING,
        quorum=_has_quorum(fresh, before),
        running=_running(statuses),
        members=_members(held),
        learners=sum(status.role is Role.LEARNER for status in statuses) if statuses else None,
        database_bytes=max(sizes, default=None),
        incarnation=record.incarnation if record and record.state is not FormationState.CLOSED else None,
        believed=_believed(statuses),
        known=_known(held, before),
    )


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


def _members(held: Contents) -> frozenset[str] | None:
    """Slots that hold a member's data, declared now or not; of a cluster to be formed, its founders."""
    record = held.formation
    if record is not None and record.state is FormationState.FORMING:
        return frozenset(record.founders) or None
    found = frozenset(slot for slot, status in held.statuses.items() if _holds(status))
    return found or None


def _holds(status: MemberStatus) -> bool:
    """In the member list; or unheard of there at the moment, but neither empty nor gone for good."""
    if status.state in (State.RETIRED, State.FENCED):
        return False
    return status.role is not Role.NONE or status.has_data


def _running(statuses: list[MemberStatus]) -> Running:
    """The newest cluster version that anybody saw: it never falls without a downgrade."""
    lines = [Line.parse(status.cluster_version) for status in statuses if status.cluster_version]
    return Running(
        cluster=max(lines, default=None),
        members=tuple(Version.parse(status.version) for status in statuses if status.version),
        storage=tuple(Line.parse(status.storage_version) for status in statuses if status.storage_version),
    )


def _believed(statuses: list[MemberStatus]) -> Mapping[str, frozenset[str]]:
    """What everybody believes who says anything: a member that is silent takes nothing of it back."""
    # Where there is no data, nothing runs that could believe anything.
    running = [status for status in statuses if status.has_data or status.trusted]
    domains = {domain for status in running for domain in status.trusted}
    return {
        domain: frozenset.intersection(*(frozenset(status.trusted.get(domain, ())) for status in running))
        for domain in domains
    }


def _known(held: Contents, before: ClusterSpec | None) -> Mapping[str, frozenset[str]]:
    """What anybody believes: members of dropped slots are not restarted any more, and keep to what they know.

    Nothing that members of another incarnation than the declared one believe: they are not to be believed again.
    """
    if held.formation is None or before is None or held.formation.incarnation != before.incarnation:
        return {}
    statuses = [status for status in held.statuses.values() if status.incarnation == before.incarnation]
    domains = {domain for status in statuses for domain in status.trusted}
    return {
        domain: frozenset(each for status in statuses for each in status.trusted.get(domain, ())) for domain in domains
    }
