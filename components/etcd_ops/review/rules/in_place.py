"""What holds members, data, keys or the channel, and is changed where it is: nothing asks the safety gate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from etcd_ops.review.clusters import Case
from etcd_ops.review.kinds import Stake, kind_of
from etcd_ops.review.preview import Change, Step
from etcd_ops.review.result import Finding, Level, Subject
from etcd_ops.review.rolls import rolls
from etcd_ops.review.values import listed

_STAKES = frozenset({Stake.DATA, Stake.EVERY_COPY, Stake.KEY, Stake.MEMBER, Stake.CHANNEL, Stake.SECRET})
_OWN = "etcd:index:"
"""Beginning of types whose changes this project's provider judges itself."""
_ELSEWHERE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "aws:ebs/volume:Volume": ("size", "type", "iops", "throughput"),
        "aws:autoscaling/group:Group": ("minSize", "maxSize", "desiredCapacity", "launchTemplate"),
        "kubernetes:core/v1:Secret": ("data", "stringData"),
        "aws:secretsmanager/secretVersion:SecretVersion": ("secretString", "secretBinary"),
    }
)
"""By type: inputs of which other rules tell, by what they mean, and those whose values nobody is to read."""
_WITH_A_ROLL: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "aws:autoscaling/group:Group": ("tags",),
        "kubernetes:apps/v1:StatefulSet": ("metadata.annotations", "spec.template"),
    }
)
"""By type: inputs that change because agents are to have a machine or a pod made anew."""


def in_place(case: Case) -> Iterator[Finding]:
    """Updates of what members need, property by property."""
    if case.is_new or case.is_retired:
        return
    found: dict[tuple[str, str, str], list[str]] = {}
    rolled = {roll.slot for roll in rolls(case) if roll.moves}
    for step in case.steps:
        kind = kind_of(step.type)
        if kind is None or kind.stake not in _STAKES or step.type.startswith(_OWN) or step.change is not Change.UPDATE:
            continue
        if changed := step.what_changes(*_left_out(step, moves=case.slot_of(step) in rolled)):
            happens = f"changes at once, without the gate: {', '.join(changed)}"
            found.setdefault((step.type, kind.what, happens), []).append(step.name)
    for (token, what, happens), names in found.items():
        which = f"{token} {names[0]}" if len(names) == 1 else f"{len(names)} of {token}"
        yield Finding(
            level=Level.ATTENTION, subject=Subject.SURROUNDINGS, code="in-place", where=listed(names),
            text=f"{what} ({which}) {happens}",
        )  # fmt: skip


def _left_out(step: Step, *, moves: bool) -> tuple[str, ...]:
    return (*_ELSEWHERE.get(step.type, ()), *(_WITH_A_ROLL.get(step.type, ()) if moves else ()))
