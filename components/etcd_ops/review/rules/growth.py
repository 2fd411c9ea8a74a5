"""What gets bigger or dearer, or smaller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from etcd_ops.review.clusters import Case
from etcd_ops.review.forecast import gibibytes
from etcd_ops.review.preview import Change, Step
from etcd_ops.review.result import Finding, Level, Subject
from etcd_ops.review.values import UNKNOWN

PRICED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "aws:ebs/volume:Volume": ("size", "type", "iops", "throughput"),
        "aws:ec2/launchTemplate:LaunchTemplate": ("instanceType",),
        "aws:ec2/instance:Instance": ("instanceType",),
        "aws:autoscaling/group:Group": ("minSize", "maxSize", "desiredCapacity"),
    }
)
"""By type: inputs that change what is paid, or how fast it is."""
_PAID = ("aws:kms/", "aws:lb/loadBalancer", "aws:ec2/vpcEndpoint", "aws:ec2/natGateway", "aws:secretsmanager/secret:")
"""Beginnings of types that are paid for while they exist, beside volumes and machines."""


def growth(case: Case) -> Iterator[Finding]:
    """Members, volumes and machines."""
    yield from _members(case)
    yield from _volumes(case)
    for step in case.steps:
        yield from _priced(step)
    yield from _paid(case)


def _members(case: Case) -> Iterator[Finding]:
    if case.old is None or case.new is None or len(case.old.members) == len(case.new.members):
        return
    before, after = len(case.old.members), len(case.new.members)
    yield _finding("size", f"{before} members become {after}, each with a volume of its own", "members")


def _volumes(case: Case) -> Iterator[Finding]:
    if case.old is None or case.new is None:
        return
    for slot in sorted(case.staying):
        before, after = case.old.members[slot].volume_bytes, case.new.members[slot].volume_bytes
        if after > before:
            text = f"its volume grows from {gibibytes(before)} to {gibibytes(after)}, and cannot shrink again"
            yield _finding("volume-grows", text, slot)


def _priced(step: Step) -> Iterator[Finding]:
    if step.change not in (Change.UPDATE, Change.REPLACE) or step.old is None or step.new is None:
        return
    for name in PRICED.get(step.type, ()):
        before, after = step.old.inputs.get(name), step.new.inputs.get(name)
        if before != after or after == UNKNOWN:
            text = f"{name} of {step.name} is {_shown(after)} instead of {_shown(before)}"
            yield _finding("priced", text, step.name)


def _shown(value: object) -> str:
    return "not known yet" if value == UNKNOWN else "nothing" if value is None else str(value)


def _paid(case: Case) -> Iterator[Finding]:
    """What comes that is paid for, into a cluster that is there already; what comes with a member is told by it."""
    if case.is_new:
        return
    coming = [step for step in case.steps if step.change is Change.CREATE and step.type.startswith(_PAID)]
    known = case.old.members if case.old is not None else {}
    for step in (each for each in coming if case.slot_of(each) in ("", *known)):
        yield _finding("paid", f"{step.type} {step.name} is created, which is paid for while it exists", step.name)


def _finding(code: str, text: str, where: str) -> Finding:
    return Finding(level=Level.ATTENTION, subject=Subject.GROWTH, code=code, where=where, text=text)
