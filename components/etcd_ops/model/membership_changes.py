"""Which members may be declared after which."""

from __future__ import annotations

from collections.abc import Iterator

from etcd_ops.model.listeners import reused
from etcd_ops.model.observed import Observed
from etcd_ops.model.problems import Problem
from etcd_ops.model.spec import ClusterSpec
from etcd_ops.model.topology import quorum

_FIXED = {"zone": "zone", "peerUrl": "peer_url", "clientUrl": "client_url"}
_FIXED |= {"metricsUrl": "metrics_url", "healthUrl": "health_url"}


def members_changed(before: ClusterSpec, after: ClusterSpec) -> bool:
    """Whether slots are added or dropped."""
    return before.members.keys() != after.members.keys()


def membership_problems(before: ClusterSpec, after: ClusterSpec, observed: Observed) -> Iterator[Problem]:
    """Changes of members that agents cannot, or must not, carry out."""
    yield from _moved(before, after)
    if not members_changed(before, after):
        return
    leaving = {name: member for name, member in before.members.items() if name not in after.members}
    yield from reused(leaving, after.members)
    if observed.quorum is False:
        remedy = "bring members back, or see `etcd-ops recover plan`"
        yield Problem("members", "without a quorum no member can be added or removed", remedy)
    yield from _exchanged(before, after, observed)


def _moved(before: ClusterSpec, after: ClusterSpec) -> Iterator[Problem]:
    for name in sorted(set(before.members) & set(after.members)):
        old, new = before.members[name], after.members[name]
        for wire, field in _FIXED.items():
            if getattr(old, field) != getattr(new, field):
                reason = f"a slot keeps its {wire}, {getattr(old, field)}, for ever"
                yield Problem(f"members.{name}.{wire}", reason, "add another slot, and drop this one")
        if new.volume_bytes < old.volume_bytes:
            reason = f"a volume cannot shrink from {old.volume_bytes} bytes"
            yield Problem(f"members.{name}.volumeBytes", reason, "add another slot, and drop this one")


def _exchanged(before: ClusterSpec, after: ClusterSpec, observed: Observed) -> Iterator[Problem]:
    """A quorum of the smaller of both memberships stays, so that the data is never handed on by newcomers alone."""
    current = observed.members if observed.members is not None else frozenset(before.members)
    if not current:
        return
    staying, least = len(current & set(after.members)), quorum(min(len(current), len(after.members)))
    if staying >= least:
        return
    reason = f"{staying} of {len(current)} members would stay, and at least {least} must"
    yield Problem("members", reason, "exchange fewer at a time, or grow first and shrink later")


def address_problems(after: ClusterSpec, observed: Observed) -> Iterator[Problem]:
    """Members that are reached by another address than they would get."""
    for slot, urls in sorted(observed.addresses.items()):
        member = after.members.get(slot)
        if member is not None and member.peer_url not in urls:
            reason = f"its member is reached by {', '.join(urls)}"
            yield Problem(f"members.{slot}.peerUrl", reason, "add another slot, and drop this one")
