"""Settings by which AWS terminates members, or closes their data, without asking the safety gate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from etcd_ops.review.alike import Event, told_once
from etcd_ops.review.clusters import Case
from etcd_ops.review.disturbances import GROUP
from etcd_ops.review.kinds import kind_of
from etcd_ops.review.preview import Change, State, Step
from etcd_ops.review.result import Finding, Level, Subject
from etcd_ops.review.values import UNKNOWN, number_of

_KEY = "aws:kms/key:Key"
_TERMINATES = "AWS terminates members by it, without asking the safety gate"
_CLOSES = "nothing is read any more that it has encrypted: volumes, secrets, and the channel"
Danger = Callable[[Any], bool]
"""Whether a value, which is there and known, is dangerous."""
_DANGERS: Mapping[str, Mapping[str, Danger]] = MappingProxyType(
    {
        GROUP: {
            "instanceRefresh": lambda value: value not in ({}, []),
            "maxInstanceLifetime": lambda value: number_of(value) != 0,
            "healthCheckType": lambda value: value not in ("", "EC2"),
        },
        _KEY: {"isEnabled": lambda value: value is False},
    }
)
"""By type and input."""
_ABOUT = MappingProxyType({GROUP: (Subject.MEMBERS, _TERMINATES), _KEY: (Subject.DATA, _CLOSES)})


def is_dangerous(step: Step, name: str) -> bool:
    """Whether a step sets an input to a value that this rule tells of."""
    danger = _DANGERS.get(step.type, {}).get(name)
    if danger is None or step.new is None or step.change in (Change.SAME, Change.READ, Change.DELETE):
        return False
    after = step.new.inputs.get(name)
    return after is not None and after != UNKNOWN and after != _before(step.old, name) and danger(after)


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
    return f"{name} {value}" if isinstance(value, str | int | float) else name


def _before(state: State | None, name: str) -> Any:
    return state.inputs.get(name) if state is not None else None
