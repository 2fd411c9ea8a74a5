"""What is around members: names, networks, rights, alarms, safeguards. Its changes pass by the safety gate."""

from __future__ import annotations

from collections.abc import Iterator

from etcd_ops.review.clusters import Case
from etcd_ops.review.kinds import Kind, Stake, kind_of
from etcd_ops.review.preview import Change, Step
from etcd_ops.review.result import Finding, Level, Subject
from etcd_ops.review.rolls import rolls

_STAKES = frozenset({Stake.NETWORK, Stake.REACH, Stake.SIGHT, Stake.SAFEGUARD})


def surroundings(case: Case) -> Iterator[Finding]:
    """Whatever of it changes or goes while the cluster stays."""
    if case.is_new or case.is_retired:
        return
    for step in case.steps:
        kind = kind_of(step.type)
        if kind is not None and kind.stake in _STAKES and (step.is_going or step.change is Change.UPDATE):
            yield _finding(case, step, kind)


def _finding(case: Case, step: Step, kind: Kind) -> Finding:
    level, text = _judged(case, step, kind)
    return Finding(
        level=level, subject=Subject.SURROUNDINGS, code=f"{kind.stake.value}-{step.change.value}",
        where=step.name, text=text,
    )  # fmt: skip


def _judged(case: Case, step: Step, kind: Kind) -> tuple[Level, str]:
    what = f"{kind.what} ({step.type} {step.name})"
    if step.change is Change.UPDATE:
        changed = ", ".join(step.differences()) or "something"
        if kind.rolled:
            return _rolled(case, step, f"{what} changes: {changed}")
        return Level.ATTENTION, f"{what} changes at once, without the gate: {changed}"
    if step.change is Change.DELETE and case.slot_of(step) in case.dropped:
        return Level.FINE, f"{what} goes with its member"
    if step.change is Change.REPLACE and kind.made_anew:
        return Level.FINE, f"{what} is made anew, and the old one goes afterwards"
    happens = "is replaced" if step.change is Change.REPLACE else "goes"
    if kind.stake is Stake.NETWORK:
        return Level.REFUSE, f"{what} {happens}: members that use it lose each other; nothing asks the safety gate"
    return Level.ATTENTION, f"{what} {happens} while the cluster runs"


def _rolled(case: Case, step: Step, happens: str) -> tuple[Level, str]:
    slot = case.slot_of(step)
    if any(roll.slot == slot and roll.moves for roll in rolls(case)):
        return Level.FINE, f"{happens}; agents have the machine made anew through the safety gate"
    return Level.ATTENTION, f"{happens}; nothing here has a machine made anew for it, but a failure would"
