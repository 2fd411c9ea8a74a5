"""What agents' statuses tell of the live cluster: the same for whoever declares, and for every agent that judges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from etcd_ops.model.observed import Observed
from etcd_ops.model.records import FormationRecord, FormationState
from etcd_ops.model.spec import ClusterSpec
from etcd_ops.model.status import MemberStatus, Role, State
from etcd_ops.model.versions import Running, line_of

BELIEVED = ("peer", "client")
"""Domains of trust that statuses tell of."""
Statuses = Mapping[str, MemberStatus]
"""By slot."""


def told(
    record: FormationRecord | None,
    statuses: Statuses,
    before: ClusterSpec | None,
    *,
    formed: bool | None,
    quorum: bool | None = None,
) -> Observed:
    """Facts about the cluster.

    Args:
        record: its formation record.
        statuses: the newest of every slot that has one.
        before: what is declared now.
        formed: whether any of its members was ever started.
        quorum: whether a quorum is proven healthy.
    """
    declared = of_declared(statuses, before)
    sizes = [status.database_bytes for status in declared if status.database_bytes]
    return Observed(
        formed=formed,
        forming=record is not None and record.state is FormationState.FORMING,
        quorum=quorum,
        running=_running(declared),
        members=_members(record, statuses.values()),
        origin=_origin(declared),
        joined=record.joined if record is not None and record.state is not FormationState.CLOSED else None,
        learners=sum(status.role is Role.LEARNER for status in declared) if declared else None,
        database_bytes=max(sizes, default=None),
        incarnation=record.incarnation if record and record.state is not FormationState.CLOSED else None,
        believed=believed(declared),
        known=_known(record, statuses.values(), before),
        addresses={slot: (each.peer_url,) for slot, each in record.started.items()} if record else {},
    )


def of_declared(statuses: Statuses, before: ClusterSpec | None) -> list[MemberStatus]:
    """Of the slots that are declared now; of all where nothing is."""
    return [status for slot, status in statuses.items() if before is None or slot in before.members]


def _members(record: FormationRecord | None, statuses: Iterable[MemberStatus]) -> frozenset[str] | None:
    """Slots that hold a member's data, declared now or not; of a cluster to be formed, its founders."""
    if record is not None and record.state is FormationState.FORMING:
        return frozenset(record.founders) or None
    found = frozenset(status.slot for status in statuses if _holds(status))
    return found or None


def _origin(statuses: list[MemberStatus]) -> frozenset[str] | None:
    """As the one says that has read most of the log."""
    telling = [status for status in statuses if status.origin is not None]
    newest = max(telling, key=lambda status: status.raft_index, default=None)
    return frozenset(newest.origin) if newest is not None and newest.origin is not None else None


def _holds(status: MemberStatus) -> bool:
    """In the member list; or unheard of there at the moment, but neither empty nor gone for good."""
    if status.state in (State.RETIRED, State.FENCED):
        return False
    return status.role is not Role.NONE or status.has_data


def _running(statuses: list[MemberStatus]) -> Running:
    """The newest cluster version that anybody saw: it never falls without a downgrade."""
    lines = [line for status in statuses if (line := line_of(status.cluster_version)) is not None]
    return Running.read(
        cluster=str(max(lines)) if lines else "",
        members=[status.version for status in statuses],
        storage=[status.storage_version for status in statuses],
    )


def believed(statuses: Iterable[MemberStatus]) -> Mapping[str, frozenset[str]]:
    """What everybody believes who may run: a member that is silent takes nothing of what it said last back.

    One that runs and cannot tell is taken to believe nothing, so that no rotation goes on over its head.
    """
    # Where there certainly is no data, nothing runs that could believe anything.
    running = [status for status in statuses if status.trusted or not (status.empty or status.state is State.RETIRED)]
    if not running:
        return {}
    return {
        domain: frozenset.intersection(*(frozenset(status.trusted.get(domain, ())) for status in running))
        for domain in BELIEVED
    }


def refusing(statuses: Iterable[MemberStatus], digest: str) -> tuple[str, ...]:
    """Slots whose agents refuse to act on a document, where those are most that have read it; empty otherwise."""
    aware = [status for status in statuses if status.seen_digest == digest]
    against = [each.slot for each in aware if each.refused is not None and each.refused.digest == digest]
    return tuple(against) if 2 * len(against) > len(aware) else ()


def _known(
    record: FormationRecord | None, statuses: Iterable[MemberStatus], before: ClusterSpec | None
) -> Mapping[str, frozenset[str]]:
    """What anybody believes: members of dropped slots are not restarted any more, and keep to what they know.

    Nothing that members of another incarnation than the declared one believe: they are not to be believed again.
    """
    if record is None or before is None or record.incarnation != before.incarnation:
        return {}
    same = [status for status in statuses if status.incarnation == before.incarnation]
    domains = {domain for status in same for domain in status.trusted}
    return {domain: frozenset(each for status in same for each in status.trusted.get(domain, ())) for domain in domains}
