"""What is around members: names, networks, rights, alarms, safeguards. Its changes pass by the safety gate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from etcd_ops.review.alike import AT_ONCE, Event, told_once
from etcd_ops.review.clusters import Case
from etcd_ops.review.doors import doors
from etcd_ops.review.guards import loosened, taken_away
from etcd_ops.review.kinds import DAEMON_SET, Kind, Stake, kind_of
from etcd_ops.review.peer_ways import cuts_peers_off
from etcd_ops.review.preview import Change, Step
from etcd_ops.review.result import Finding, Level, Subject
from etcd_ops.review.rolls import rolls
from etcd_ops.review.rules.exposure import is_exposing

_STAKES = frozenset({Stake.NETWORK, Stake.REACH, Stake.SIGHT, Stake.SAFEGUARD})
_ADDED = _STAKES - {Stake.SIGHT}
"""What counts as soon as it is there; another alarm takes nothing from anybody."""
_ANEW = "is made anew, and the old one goes afterwards"
_WITH_MEMBERS = {
    Change.DELETE: ("goes-with-member", "with the member goes what was there for it alone"),
    Change.CREATE: ("comes-with-member", "with the member comes what is there for it alone"),
}


def surroundings(case: Case) -> Iterator[Finding]:
    """Whatever of it comes, changes or goes while the cluster stays."""
    if case.is_new or case.is_retired:
        return
    with_members: dict[tuple[Change, str], Counter[str]] = {}
    events = []
    for step, kind in _around(case):
        if _is_of_member(case, step):
            with_members.setdefault((step.change, case.slot_of(step)), Counter())[kind.what] += 1
        else:
            events.append((_event(case, step, kind), step.name))
    yield from told_once(events)
    yield from (_with_member(*whose, whats) for whose, whats in with_members.items())


def _around(case: Case) -> Iterator[tuple[Step, Kind]]:
    for step in case.steps:
        kind = kind_of(step.type)
        if kind is not None and kind.stake in _STAKES and _is_to_be_seen(step, kind):
            yield step, kind


def _is_to_be_seen(step: Step, kind: Kind) -> bool:
    if step.change is Change.CREATE:
        return kind.stake in _ADDED and not is_exposing(step)
    return step.is_going or step.change is Change.UPDATE


def _is_of_member(case: Case, step: Step) -> bool:
    """Whether it goes or comes with a member, of which others tell."""
    slot = case.slot_of(step)
    leaves = step.change is Change.DELETE and slot in case.dropped
    return leaves or (step.change is Change.CREATE and slot in case.joining)


def _with_member(change: Change, slot: str, counted: Counter[str]) -> Finding:
    code, happens = _WITH_MEMBERS[change]
    whats = ", ".join(f"{what} ({number})" if number > 1 else what for what, number in sorted(counted.items()))
    return Finding(
        level=Level.FINE, subject=Subject.SURROUNDINGS, code=code, where=slot, text=f"{happens}: {whats}"
    )  # fmt: skip


def _event(case: Case, step: Step, kind: Kind) -> Event:
    if means := taken_away(step):
        happens = f"{_changes(step) if step.change is Change.UPDATE else 'goes'}: {means}"
        return Event(Level.REFUSE, f"{kind.stake.value}-{step.change.value}", kind.what, step.type, happens)
    if cuts_peers_off(case, step):
        return Event(Level.REFUSE, f"peers-{step.change.value}", kind.what, step.type, _cut(step))
    level, happens = _judged(case, step, kind)
    return Event(level, f"{kind.stake.value}-{step.change.value}", kind.what, step.type, happens)


def _cut(step: Step) -> str:
    happens = {Change.UPDATE: _changes(step), Change.REPLACE: "is replaced"}.get(step.change, "goes")
    return f"{happens}: members do not reach each other's peer ports by it any more; nothing asks the safety gate"


def _changes(step: Step) -> str:
    return f"changes: {_changed(step)}"


def _changed(step: Step) -> str:
    return ", ".join(step.what_changes()) or "something"


def _judged(case: Case, step: Step, kind: Kind) -> tuple[Level, str]:
    if step.change is Change.CREATE:
        ways = ", ".join(map(str, doors(step.type, step.new)))
        return Level.ATTENTION, f"comes at once, without the gate{f', and lets in {ways}' if ways else ''}"
    if step.change is Change.UPDATE:
        return _rolled(case, step, _changed(step)) if kind.rolled else (Level.ATTENTION, _at_once(step))
    if step.change is Change.REPLACE and kind.made_anew:
        return Level.FINE, _ANEW
    happens = "is replaced" if step.change is Change.REPLACE else "goes"
    if kind.stake is Stake.NETWORK:
        return Level.REFUSE, f"{happens}: members that use it lose each other; nothing asks the safety gate"
    return Level.ATTENTION, f"{happens} while the cluster runs"


def _at_once(step: Step) -> str:
    means = loosened(step)
    return f"{AT_ONCE}: {_changed(step)}{f'; {means}' if means else ''}"


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
