"""Whom members let in, and what they may do themselves, where that is everybody, or everything."""

from __future__ import annotations

from collections.abc import Iterator

from etcd_ops.review.alike import Event, told_once
from etcd_ops.review.clusters import Case
from etcd_ops.review.documents import unbounded
from etcd_ops.review.doors import NETWORK_POLICY, Door, opened
from etcd_ops.review.kinds import kind_of
from etcd_ops.review.preview import Step
from etcd_ops.review.result import Finding, Level

_RIGHTS = frozenset({"aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy"})
_OPEN = (
    "so wide a range is everybody, and whoever reaches a port can exhaust the member behind it, or try a certificate "
    "that was stolen"
)
_OPEN_AMONG_PODS = "whoever reaches pods' addresses: certificates alone tell who may come in"


def exposure(case: Case) -> Iterator[Finding]:
    """What is opened, of a new cluster as well; what was as open before is not told again."""
    if not case.is_retired:
        yield from told_once((event, step.name) for step in case.steps if (event := _event(step)) is not None)


def is_exposing(step: Step) -> bool:
    """Whether this rule tells of a step."""
    return _event(step) is not None


def _event(step: Step) -> Event | None:
    if found := opened(step):
        return _opened(step, found)
    if granted := _granted(step):
        happens = f"allows {'; '.join(granted)}, without a condition"
        return _told(step, Level.ATTENTION, "unbounded-rights", happens)
    return None


def _opened(step: Step, found: tuple[Door, ...]) -> Event:
    """Pods are behind a network of their own, and a policy that names nobody is how members elsewhere get in."""
    among_pods = step.type == NETWORK_POLICY
    why = _OPEN_AMONG_PODS if among_pods else _OPEN
    level = Level.ATTENTION if among_pods else Level.REFUSE
    return _told(step, level, "open-to-everybody", f"lets in {', '.join(map(str, found))}: {why}")


def _granted(step: Step) -> list[str]:
    """Rights without bounds that were not there before."""
    if step.type not in _RIGHTS or not step.is_applied:
        return []
    return sorted(unbounded(step.new) - unbounded(step.old))


def _told(step: Step, level: Level, code: str, happens: str) -> Event:
    kind = kind_of(step.type)
    return Event(level, code, kind.what if kind is not None else "a resource", step.type, happens)
