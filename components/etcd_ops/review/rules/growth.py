"""What gets bigger or dearer, or smaller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from etcd_ops.review.clusters import Case
from etcd_ops.review.footprint import PAID, footprint
from etcd_ops.review.forecast import gibibytes
from etcd_ops.review.preview import Change, Step
from etcd_ops.review.result import Finding, Level, Subject
from etcd_ops.review.values import UNKNOWN, listed, shown

_VOLUME = "aws:ebs/volume:Volume"
PRICED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        _VOLUME: ("size", "type", "iops", "throughput"),
        "aws:ec2/launchTemplate:LaunchTemplate": ("instanceType",),
        "aws:ec2/instance:Instance": ("instanceType",),
        "aws:autoscaling/group:Group": ("minSize", "maxSize", "desiredCapacity"),
    }
)
"""By type: inputs that change what is paid, or how fast it is."""


def growth(case: Case) -> Iterator[Finding]:
    """Members, volumes and machines."""
    if case.is_new and (paid := footprint(case.steps)):
        text = f"it is paid for while it exists: {paid}"
        yield Finding(level=Level.FINE, subject=Subject.GROWTH, code="footprint", text=text)
    yield from _members(case)
    yield from _volumes(case)
    yield from _priced(case)
    yield from _paid(case)


def _members(case: Case) -> Iterator[Finding]:
    """What another number of members brings and takes; those that are exchanged are as many as before."""
    if case.old is None or case.new is None or len(case.old.members) == len(case.new.members):
        return
    coming = footprint(_own(case, Change.CREATE, frozenset(case.new.members) - frozenset(case.old.members)))
    going = footprint(_own(case, Change.DELETE, case.dropped))
    comes = f"; with them comes {coming}" if coming else ""
    goes = f"; with them goes {going}" if going else ""
    text = f"{len(case.old.members)} members become {len(case.new.members)}{comes}{goes}"
    yield _finding("size", text, "members")


def _own(case: Case, change: Change, slots: frozenset[str]) -> list[Step]:
    return [step for step in case.steps if step.change is change and case.slot_of(step) in slots]


def _volumes(case: Case) -> Iterator[Finding]:
    found: dict[tuple[int, int], list[str]] = {}
    for slot in _growing(case):
        found.setdefault(_sizes(case, slot), []).append(slot)
    for (before, after), slots in sorted(found.items()):
        every = f"{len(slots)} volumes grow, each" if len(slots) > 1 else "its volume grows"
        text = f"{every} from {gibibytes(before)} to {gibibytes(after)}, and cannot shrink again"
        yield _finding("volume-grows", text, listed(slots))


def _growing(case: Case) -> list[str]:
    """Slots that stay, and whose volume is declared larger."""
    staying = sorted(case.staying)
    return [slot for slot in staying if _sizes(case, slot)[0] < _sizes(case, slot)[1]]


def _sizes(case: Case, slot: str) -> tuple[int, int]:
    assert case.old is not None and case.new is not None
    return case.old.members[slot].volume_bytes, case.new.members[slot].volume_bytes


def _priced(case: Case) -> Iterator[Finding]:
    """What is the same change of several resources is told once."""
    found: dict[str, list[Step]] = {}
    told_already = frozenset(_growing(case))
    for step in case.steps:
        for text in _prices(step, size=case.slot_of(step) not in told_already):
            found.setdefault(text, []).append(step)
    for text, steps in found.items():
        paid = footprint(steps) or f"{len(steps)} of {steps[0].type}"
        yield _finding("priced", f"{text}: {paid}", listed(case.slot_of(each) or each.name for each in steps))


def _prices(step: Step, *, size: bool) -> Iterator[str]:
    if step.change not in (Change.UPDATE, Change.REPLACE) or step.old is None or step.new is None:
        return
    for name in PRICED.get(step.type, ()):
        before, after = step.old.inputs.get(name), step.new.inputs.get(name)
        if (before != after or after == UNKNOWN) and (size or (step.type, name) != (_VOLUME, "size")):
            yield f"{name} is {shown(after)} instead of {shown(before)}"


def _paid(case: Case) -> Iterator[Finding]:
    """What comes that is paid for, into a cluster that is there already; what comes with a member is told by it."""
    if case.is_new:
        return
    known = case.old.members if case.old is not None else {}
    coming = [step for step in case.steps if step.change is Change.CREATE and step.type in PAID]
    if others := [step for step in coming if case.slot_of(step) in ("", *known)]:
        text = f"what is created is paid for while it exists: {footprint(others)}"
        yield _finding("paid", text, listed(step.name for step in others))


def _finding(code: str, text: str, where: str) -> Finding:
    return Finding(level=Level.ATTENTION, subject=Subject.GROWTH, code=code, where=where, text=text)
