"""Settings by which AWS terminates members, or closes their data, without asking the safety gate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from etcd_ops.review.alike import Event, told_once
from etcd_ops.review.clusters import Case
from etcd_ops.review.disturbances import GROUP
from etcd_ops.review.kinds import kind_of
from etcd_ops.review.preview import State, Step
from etcd_ops.review.result import Finding, Level, Subject
from etcd_ops.review.values import UNKNOWN, number_of, shown

_KEY = "aws:kms/key:Key"
_TERMINATES = "AWS terminates members by it, without asking the safety gate"
_CLOSES = "nothing is read any more that it has encrypted: volumes, secrets, and the channel"
Danger = Callable[[Any, Any], bool]
"""Whether a value, which is there and known, is dangerous after another one, which need not be."""


def _leaves(before: Any, after: Any) -> bool:
    """Whether a group has to leave a place that it had.

    It is one instance in one subnet. Auto Scaling balances a group whose zones or subnets are changed, and terminates
    what stands where the group is not any more (User Guide, "Rebalancing activities"); its volume stays in its zone.
    One that is not known yet is none that was there.
    """
    return isinstance(before, list) and isinstance(after, list) and any(each not in after for each in before)


_DANGERS: Mapping[str, Mapping[str, Danger]] = MappingProxyType(
    {
        GROUP: {
            "instanceRefresh": lambda _, value: value not in ({}, []),
            "maxInstanceLifetime": lambda _, value: number_of(value) != 0,
            "healthCheckType": lambda _, value: value not in ("", "EC2"),
            "vpcZoneIdentifiers": _leaves,
            "availabilityZones": _leaves,
        },
        _KEY: {"isEnabled": lambda _, value: value is False},
    }
)
"""By type and input."""
_PLACES = frozenset({"vpcZoneIdentifiers", "availabilityZones"})
"""Of a group: where its instance is."""
_ABOUT = MappingProxyType({GROUP: (Subject.MEMBERS, _TERMINATES), _KEY: (Subject.DATA, _CLOSES)})


def is_dangerous(step: Step, name: str) -> bool:
    """Whether a step sets an input to a value that this rule tells of."""
    danger = _DANGERS.get(step.type, {}).get(name)
    if danger is None or step.new is None or not step.is_applied:
        return False
    before, after = _before(step.old, name), step.new.inputs.get(name)
    return after is not None and after not in (UNKNOWN, before) and danger(before, after)


def ungated(case: Case) -> Iterator[Finding]:
    """Whoever declares one of them; what was declared before is not told again."""
    if case.is_retired:
        return
    for token, (subject, why) in _ABOUT.items():
        yield from told_once(_events(case, token, why), subject)


def _events(case: Case, token: str, why: str) -> Iterator[tuple[Event, str]]:
    kind = kind_of(token)
    for step in case.steps:
        if step.type != token or kind is None or step.new is None:
            continue
        for name in _DANGERS[token]:
            if is_dangerous(step, name):
                happens = f"gets {_told(name, step.new.inputs[name])}: {why}"
                yield Event(Level.REFUSE, f"ungated-{name}", kind.what, token, happens), step.name


def _told(name: str, value: Any) -> str:
    if name in _PLACES:
        return f"other {name} ({', '.join(map(shown, value)) or 'none'})"
    return f"{name} {value}" if isinstance(value, str | int | float) else name


def _before(state: State | None, name: str) -> Any:
    return state.inputs.get(name) if state is not None else None
