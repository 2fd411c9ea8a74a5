"""What is still missing until a document is completely applied: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from etcd_ops.model.records import FormationRecord
from etcd_ops.model.spec import ClusterSpec, Desired, FormationMode, MigrationPhase, Mode
from etcd_ops.model.status import MemberStatus, Role, State

Statuses = Mapping[str, MemberStatus]
"""By slot."""
Marks = Mapping[str, tuple[str, int]]
"""By slot: boot ID and sequence of the newest status before a write."""

OPERATOR = frozenset(
    {State.HELD, State.PAUSED, State.NEEDS_APPROVAL, State.NEEDS_RECOVERY, State.FENCED, State.RETIRED}
)
"""States that usually do not end by themselves."""


class Kind(Enum):
    WAITING = "waiting"
    BLOCKED = "blocked"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is missing, by what can be expected of it. Nothing missing: the document is applied."""

    waiting: tuple[str, ...] = ()
    """Will come by itself, if all goes well."""
    blocked: tuple[str, ...] = ()
    """Waits for an operator, unless it passes soon."""
    failed: tuple[str, ...] = ()
    """Will not come: a member took this very document back."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Everything that is missing, the worst first."""
        return self.failed + self.blocked + self.waiting


def marks(statuses: Statuses) -> Marks:
    """What tells a later status from these."""
    return {slot: (status.boot_id, status.sequence) for slot, status in statuses.items()}


def is_fresh(status: MemberStatus, before: Marks) -> bool:
    """Whether the status was published after the marks were taken, by the publisher's own count."""
    boot_id, sequence = before.get(status.slot, ("", -1))
    return status.boot_id != boot_id or status.sequence > sequence


def settled(desired: Desired, spec: ClusterSpec, statuses: Statuses, before: Marks) -> tuple[str, ...]:
    """Everything that is still missing; empty once the document is applied and the cluster is in order.

    Args:
        desired: the document.
        spec: its body.
        statuses: the newest status of every slot that has one.
        before: marks of the statuses as they were before the document was written.
    """
    return judge(desired, spec, statuses, before).reasons


def judge(desired: Desired, spec: ClusterSpec, statuses: Statuses, before: Marks) -> Outlook:
    """As `settled`, sorted by what can be expected."""
    found: dict[Kind, list[str]] = {kind: [] for kind in Kind}
    for slot in sorted(spec.members):
        kind, text = _missing(desired, spec, statuses.get(slot), before)
        if text:
            found[kind].append(f"{slot}: {text}")
    found[Kind.WAITING] += _cluster_reasons(desired, spec, statuses, before)
    return Outlook(*(tuple(found[kind]) for kind in Kind))


def unproved(
    desired: Desired, spec: ClusterSpec, statuses: Statuses, record: FormationRecord | None
) -> tuple[str, ...]:
    """Slots that were dropped, and have no status: nothing proves that they left, so nothing of theirs may be deleted.

    An active cluster does not settle before they left. One that is left alone removes nobody, and the status of a
    silent member may be lost (see `_staying` for those that have one). Of one that is yet to be adopted nothing was
    ever started, and nothing can have been dropped.
    """
    if record is None:
        adopting = desired.formation.mode in (FormationMode.ADOPT, FormationMode.JOIN)
        unknown = not adopting and any(status.has_data for status in statuses.values())
        return ("channel: no formation record yet, and so it is not known who was started",) if unknown else ()
    staying = sorted(set(record.started) - set(spec.members) - set(statuses))
    return tuple(f"{slot}: no longer declared, and not proved to have left the cluster" for slot in staying)


def has_seen(desired: Desired, status: MemberStatus | None, before: Marks) -> bool:
    """Whether the member's agent is alive and knows the document."""
    known = status is not None and desired.digest in (status.seen_digest, status.digest)
    return known and status is not None and is_fresh(status, before)


def _missing(desired: Desired, spec: ClusterSpec, status: MemberStatus | None, before: Marks) -> tuple[Kind, str]:
    if status is None:
        return Kind.WAITING, "no status from its agent yet"
    if not is_fresh(status, before):
        return Kind.WAITING, f"its agent has not reported since; it said {_saying(status)}"
    if status.state is State.FAILED and status.failed and status.failed.digest == desired.digest:
        return Kind.FAILED, status.failed.reason
    if desired.mode is not Mode.ACTIVE:
        return Kind.WAITING, "" if has_seen(desired, status, before) else _unseen(desired)
    return _unapplied(desired, spec, status, before)


def _unapplied(desired: Desired, spec: ClusterSpec, status: MemberStatus, before: Marks) -> tuple[Kind, str]:
    """What is missing at a member that acts on an active document."""
    if _leaves(spec) and status.state is State.RETIRED:
        return Kind.WAITING, "" if status.digest == desired.digest else _saying(status)
    if status.state in OPERATOR:
        return Kind.BLOCKED, _saying(status)
    if status.digest != desired.digest:
        return Kind.WAITING, _saying(status) if has_seen(desired, status, before) else _unseen(desired)
    if status.state is State.WORKING:
        return Kind.WAITING, _saying(status)
    return Kind.WAITING, "; ".join(_ailments(status))


def _leaves(spec: ClusterSpec) -> bool:
    """Its members are to leave the cluster that they joined, and are done once they have."""
    return spec.migration is not None and spec.migration.phase is MigrationPhase.LEAVE


def _unseen(desired: Desired) -> str:
    return f"has not read generation {desired.generation} yet"


def _saying(status: MemberStatus) -> str:
    return ": ".join(part for part in (status.state.value, status.reason or _doing(status)) if part)


def _doing(status: MemberStatus) -> str:
    if status.step is None:
        return ""
    step = f"{status.step.kind} {status.step.target}".strip()
    return f"{step}: {status.step.reason}" if status.step.reason else step


def _ailments(status: MemberStatus) -> Iterator[str]:
    if not status.healthy:
        yield f"unhealthy ({_saying(status)})"
    if status.role is Role.LEARNER:
        yield "a learner that is not promoted yet"
    if status.role is Role.NONE:
        yield "not a member of the cluster yet"
    if status.alarms:
        yield f"alarm {', '.join(status.alarms)}"


def _cluster_reasons(desired: Desired, spec: ClusterSpec, statuses: Statuses, before: Marks) -> list[str]:
    if desired.mode is Mode.RETIRING:
        return []
    if desired.mode is not Mode.ACTIVE:
        return _staying(desired, spec, statuses)
    fresh = {slot: status for slot, status in statuses.items() if is_fresh(status, before)}
    reasons = []
    ids = {
        f"{status.cluster_id:x}"
        for slot, status in fresh.items()
        if slot in spec.members and status.cluster_id is not None
    }
    if len(ids) > 1:
        reasons.append(f"members belong to different clusters: {', '.join(sorted(ids))}")
    for slot, status in sorted(fresh.items()):
        if slot not in spec.members and status.role is not Role.NONE:
            reasons.append(f"{slot}: no longer declared, but still a {status.role.value}")
    return reasons


def _staying(desired: Desired, spec: ClusterSpec, statuses: Statuses) -> list[str]:
    """Members of dropped slots, which nobody removes in this mode: their resources must not be deleted yet."""
    dropped = {slot: status for slot, status in statuses.items() if slot not in spec.members}
    return [
        f"{slot}: no longer declared, and not removed from the cluster while the mode is {desired.mode.value}"
        for slot, status in sorted(dropped.items())
        if status.state is not State.RETIRED
    ]
