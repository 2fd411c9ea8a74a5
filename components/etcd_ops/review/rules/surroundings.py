"""What is around members: names, networks, rights, alarms, safeguards. Its changes pass by the safety gate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from etcd_ops.review.alike import AT_ONCE, Event, told_once
from etcd_ops.review.clusters import Case
from etcd_ops.review.kinds import DAEMON_SET, Kind, Stake, kind_of
from etcd_ops.review.peer_ways import cuts_peers_off
from etcd_ops.review.preview import Change, Step
from etcd_ops.review.result import Finding, Level, Subject
from etcd_ops.review.rolls import rolls

_STAKES = frozenset({Stake.NETWORK, Stake.REACH, Stake.SIGHT, Stake.SAFEGUARD})
_ANEW = "is made anew, and the old one goes afterwards"


def surroundings(case: Case) -> Iterator[Finding]:
    """Whatever of it changes or goes while the cluster stays."""
    if case.is_new or case.is_retired:
        return
    with_members: dict[str, Counter[str]] = {}
    events = []
    for step, kind in _around(case):
        if step.change is Change.DELETE and case.slot_of(step) in case.dropped:
            with_members.setdefault(case.slot_of(step), Counter())[kind.what] += 1
        else:
            events.append((_event(case, step, kind), step.name))
    yield from told_once(events)
    yield from (_gone(slot, whats) for slot, whats in with_members.items())


def _around(case: Case) -> Iterator[tuple[Step, Kind]]:
    for step in case.steps:
        kind = kind_of(step.type)
        if kind is not None and kind.stake in _STAKES and (step.is_going or step.change is Change.UPDATE):
            yield step, kind


def _gone(slot: str, counted: Counter[str]) -> Finding:
    whats = ", ".join(f"{what} ({number})" if number > 1 else what for what, number in sorted(counted.items()))
    text = f"with the member goes what was there for it alone: {whats}"
    return Finding(
        level=Level.FINE, subject=Subject.SURROUNDINGS, code="goes-with-member", where=slot, text=text
    )  # fmt: skip


def _event(case: Case, step: Step, kind: Kind) -> Event:
    if cuts_peers_off(case, step):
        return Event(Level.REFUSE, f"peers-{step.change.value}", kind.what, step.type, _cut(step))
    level, happens = _judged(case, step, kind)
    return Event(level, f"{kind.stake.value}-{step.change.value}", kind.what, step.type, happens)


def _cut(step: Step) -> str:
    changes = f"changes: {', '.join(step.what_changes()) or 'something'}"
    happens = {Change.UPDATE: changes, Change.REPLACE: "is replaced"}.get(step.change, "goes")
    return f"{happens}: members do not reach each other's peer ports by it any more; nothing asks the safety gate"


def _judged(case: Case, step: Step, kind: Kind) -> tuple[Level, str]:
    if step.change is Change.UPDATE:
        changed = ", ".join(step.what_changes()) or "something"
        return _rolled(case, step, changed) if kind.rolled else (Level.ATTENTION, f"{AT_ONCE}: {changed}")
    if step.change is Change.REPLACE and kind.made_anew:
        return Level.FINE, _ANEW
    happens = "is replaced" if step.change is Change.REPLACE else "goes"
    if kind.stake is Stake.NETWORK:
        return Level.REFUSE, f"{happens}: members that use it lose each other; nothing asks the safety gate"
    return Level.ATTENTION, f"{happens} while the cluster runs"


def _rolled(case: Case, step: Step, changed: str) -> tuple[Level, str]:
    """What is only felt once something is made anew from it."""
    own = [roll for roll in rolls(case) if roll.slot == case.slot_of(step)]
    if step.type == DAEMON_SET:
        if any(roll.agent_moves for roll in own):
            return Level.FINE, "changes; agents have its pod made anew, one after the other, and etcd runs on"
        return Level.ATTENTION, f"changes: {changed}; nothing here has its pod made anew for it"
    if any(roll.moves for roll in own):
        return Level.FINE, f"changes: {changed}; agents have the machine made anew through the safety gate"
    return Level.ATTENTION, f"changes: {changed}; nothing here has a machine made anew for it, but a failure would"
