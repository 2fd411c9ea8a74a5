"""Waiting until a written document is applied by every member."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from etcd_ops.agent.clock import Clock
from etcd_ops.channel.port import DESIRED, Channel, ChannelUnavailable, Entry, Unchanged
from etcd_ops.model.records import FormationRecord
from etcd_ops.model.spec import ClusterSpec, Desired, Mode
from etcd_ops.model.status import MemberStatus
from etcd_ops.rollout.contents import read_formation, read_statuses
from etcd_ops.rollout.judgement import Marks, Outlook, has_seen, judge, unproved
from etcd_ops.rollout.problems import Ended, Unfinished

Log = Callable[[str], Awaitable[None]]
"""Says one line to the user."""
Cancelled = Callable[[], bool]

DEADLINE = 600.0
"""Seconds to wait for every member, where nothing else is declared."""
POLL = 0.5
"""Seconds between two looks at the channel."""
GRACE = 10.0
"""Seconds for which a state that needs an operator, or an agent's silence, may be a passing one."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A wait that ended well."""

    statuses: Mapping[str, MemberStatus]
    advice: str = ""
    """What the operator has to do next; empty where the cluster is in order."""
    formed: bool = False
    """Whether this proves that the cluster is formed: members of one that may do nothing have only read of it."""


@dataclass(slots=True)
class _Wait:
    """One wait's constants, and what it has said and seen so far."""

    channel: Channel
    desired: Desired
    spec: ClusterSpec
    before: Marks
    clock: Clock
    log: Log
    cancelled: Cancelled
    deadline: float
    grace: float
    started: float = 0.0
    recovering: bool | None = None
    """Whether the document raises the incarnation; None until the formation record was read."""
    record: FormationRecord | None = None
    blocked_since: float | None = None
    tag: str = ""
    said: dict[str, str] = field(default_factory=dict)
    applied: set[str] = field(default_factory=set)


async def wait(
    channel: Channel,
    desired: Desired,
    spec: ClusterSpec,
    before: Marks,
    clock: Clock,
    log: Log,
    cancelled: Cancelled,
    deadline: float,
    grace: float = GRACE,
) -> Outcome:
    """Wait until every member has applied the document and the cluster is in order, saying what happens.

    Where the document raises the incarnation (a recovery is declared), only until every member that can be
    reached has taken the new credentials.

    Args:
        channel: the cluster's.
        desired: the document, already written.
        spec: its body.
        before: marks of the statuses before it was written.
        clock: the waiting process's.
        log: says progress.
        cancelled: whether the user wants the wait to end.
        deadline: seconds to wait at most.
        grace: seconds after which what needs an operator, or a silent agent, is no longer waited for.

    Raises:
        Unfinished: it ended otherwise; the document stays written.
        Refused: the formation record cannot be understood.
    """
    now = clock.boottime()
    this = _Wait(channel, desired, spec, before, clock, log, cancelled, deadline, grace, started=now)
    while True:
        statuses: Mapping[str, MemberStatus] | None = None
        try:
            await _refuse_overtaken(this)
            await _read_record(this)
            statuses = await read_statuses(channel)
        except ChannelUnavailable as problem:
            await _say(this, "channel", f"cannot be read: {problem}")
        done = await _look(this, statuses) if statuses is not None else None
        if done is not None:
            return done
        _end_early(this, statuses or {})
        await clock.sleep(POLL)


async def _refuse_overtaken(this: _Wait) -> None:
    entry = await this.channel.read_if_changed(DESIRED, this.tag)
    if isinstance(entry, Unchanged):
        return
    if isinstance(entry, Entry) and entry.data == this.desired.encode():
        this.tag = entry.tag
        return
    raise Unfinished(this.desired, Ended.OVERTAKEN, (_usurper(entry),))


def _usurper(entry: Entry | None) -> str:
    if entry is None:
        return "channel: it holds no document any more; run `pulumi up` again to write it again"
    try:
        other = Desired.decode(entry.data)
    except ValueError:
        return "channel: somebody wrote something that is not a document"
    return f"channel: it holds generation {other.generation} of {other.owner} now"


async def _read_record(this: _Wait) -> None:
    """Once, for whether a recovery is declared; again and again where nobody else tells who has left."""
    if this.recovering is not None and not _is_left_alone(this.desired):
        return
    this.record = await read_formation(this.channel)
    if this.recovering is None:
        this.recovering = this.record is not None and this.spec.incarnation > this.record.incarnation


def _is_left_alone(desired: Desired) -> bool:
    return desired.mode in (Mode.PAUSED, Mode.OBSERVE_ONLY)


def _outlook(this: _Wait, statuses: Mapping[str, MemberStatus]) -> Outlook:
    outlook = judge(this.desired, this.spec, statuses, this.before)
    if not _is_left_alone(this.desired):
        return outlook
    return replace(outlook, waiting=outlook.waiting + unproved(this.desired, this.spec, statuses, this.record))


async def _look(this: _Wait, statuses: Mapping[str, MemberStatus]) -> Outcome | None:
    """Judge what the channel says now; None while the wait goes on."""
    if this.recovering:
        return await _look_for_recovery(this, statuses)
    outlook = _outlook(this, statuses)
    await _progress(this, statuses)
    if not outlook.reasons:
        return Outcome(statuses, formed=this.desired.mode is Mode.ACTIVE)
    if outlook.failed:
        raise Unfinished(this.desired, Ended.FAILED, outlook.reasons)
    _end_blocked(this, outlook)
    return None


async def _look_for_recovery(this: _Wait, statuses: Mapping[str, MemberStatus]) -> Outcome | None:
    slots = sorted(this.spec.members)
    seen = [slot for slot in slots if has_seen(this.desired, statuses.get(slot), this.before)]
    for slot in seen:
        await _say(this, slot, f"has the trust and certificates of incarnation {this.spec.incarnation}")
    waited = this.clock.boottime() - this.started
    if len(seen) < len(slots) and (waited < this.grace or not seen):
        return None
    silent = [slot for slot in slots if slot not in seen]
    unreached = f" ({', '.join(silent)} could not be reached)" if silent else ""
    advice = f"incarnation {this.spec.incarnation} is prepared{unreached}: run `etcd-ops recover execute`"
    await this.log(advice)
    return Outcome(statuses, advice)


def _end_blocked(this: _Wait, outlook: Outlook) -> None:
    now = this.clock.boottime()
    if not outlook.blocked:
        this.blocked_since = None
        return
    if this.blocked_since is None:
        this.blocked_since = now
    if now - this.blocked_since >= this.grace:
        raise Unfinished(this.desired, Ended.BLOCKED, outlook.reasons)


def _end_early(this: _Wait, statuses: Mapping[str, MemberStatus]) -> None:
    late = this.clock.boottime() - this.started >= this.deadline
    if not late and not this.cancelled():
        return
    reasons = _outlook(this, statuses).reasons
    raise Unfinished(this.desired, Ended.CANCELLED if this.cancelled() else Ended.DEADLINE, reasons)


async def _progress(this: _Wait, statuses: Mapping[str, MemberStatus]) -> None:
    """Say what is new about each member."""
    slots = sorted(this.spec.members)
    for slot in slots:
        status = statuses.get(slot)
        if status is None or not has_seen(this.desired, status, this.before):
            continue
        if status.digest == this.desired.digest:
            this.applied |= {slot}
            await _say(this, slot, f"applied generation {this.desired.generation} ({len(this.applied)}/{len(slots)})")
        elif status.step is not None:
            target = status.step.target
            await _say(this, slot, status.step.reason if target in ("", slot) else f"{status.step.reason} ({target})")


async def _say(this: _Wait, subject: str, text: str) -> None:
    previous = this.said.get(subject, "")
    same = previous == text or (previous.startswith("applied") and text.startswith("applied"))
    this.said[subject] = text
    if not same:
        await this.log(f"{subject}: {text}")
