"""What holds members, data, keys or the channel, and is changed where it is: nothing asks the safety gate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from etcd_ops.review.alike import AT_ONCE, Event, told_once
from etcd_ops.review.clusters import Case
from etcd_ops.review.kinds import Stake, kind_of
from etcd_ops.review.preview import Change, Step
from etcd_ops.review.result import Finding, Level
from etcd_ops.review.rolls import rolls
from etcd_ops.review.rules.ungated import is_dangerous

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
    if not case.is_new and not case.is_retired:
        yield from told_once(_events(case))


def _events(case: Case) -> Iterator[tuple[Event, str]]:
    rolled = {roll.slot for roll in rolls(case) if roll.moves or roll.agent_moves}
    for step in case.steps:
        kind = kind_of(step.type)
        if kind is None or kind.stake not in _STAKES or step.type.startswith(_OWN) or step.change is not Change.UPDATE:
            continue
        if changed := step.what_changes(*_left_out(step, moves=case.slot_of(step) in rolled)):
            happens = f"{AT_ONCE}: {', '.join(changed)}"
            yield Event(Level.ATTENTION, "in-place", kind.what, step.type, happens), step.name


def _left_out(step: Step, *, moves: bool) -> tuple[str, ...]:
    told = (name for name in (step.new.inputs if step.new is not None else ()) if is_dangerous(step, name))
    return (*_ELSEWHERE.get(step.type, ()), *(_WITH_A_ROLL.get(step.type, ()) if moves else ()), *told)
