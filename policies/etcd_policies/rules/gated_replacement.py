"""Groups of instances that AWS replaces only when an instance is dead."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from etcd_ops.model.problems import Problem
from etcd_policies.aws.kinds import GROUP
from etcd_policies.aws.properties import Properties
from etcd_policies.aws.resource import Resource
from etcd_policies.resource_rule import ResourceRule
from etcd_policies.rule import Stake

_SIZES = ("minSize", "maxSize")
_PLACES = ("vpcZoneIdentifiers", "availabilityZones")
_DEAD = "EC2"
"""The health check by which EC2 itself says that an instance is dead; what AWS takes where none is named."""


@ResourceRule.declare(
    requires="An Auto Scaling group of an etcd cluster is one instance in one zone, and replaces only a dead one.",
    severity=Severity.CRITICAL,
    stake=Stake.DATA,
    steps="Set minimum and maximum to 1 in one subnet and `healthCheckType` to EC2; leave `instanceRefresh`, "
    "`maxInstanceLifetime`, `capacityRebalance` and `forceDelete` out.",
    kinds=(GROUP,),
)
def gated_replacement(resource: Resource) -> Iterator[Problem]:
    """A group of several instances moves members between zones, away from their volumes.

    Refreshes and lifetimes of instances terminate members without asking whether the others have a quorum: agents
    replace instances, one by one, through the gate. A load balancer's health check terminates who is not ready, which
    is every member at once where the quorum is lost. Capacity rebalancing replaces Spot instances that may be
    interrupted, and still run. A group that is deleted by force, as where another one replaces it, ends its member
    without the lifecycle actions that the gate holds it by.
    """
    group = resource.properties
    for key in _SIZES:
        if group.whole(key) != 1:
            yield Problem(key, "the group does not hold exactly one instance", "set it to 1")
    if group.whole("desiredCapacity") not in {None, 1}:
        yield Problem("desiredCapacity", "the group does not hold exactly one instance", "set it to 1")
    if sum(len(group.texts(key)) for key in _PLACES) != 1:
        yield Problem(_PLACES[0], "the group does not stand in exactly one subnet", "name one")
    yield from _unasked(group)


def _unasked(group: Properties) -> Iterator[Problem]:
    if group.has("instanceRefresh"):
        yield Problem("instanceRefresh", "AWS replaces members without asking the gate", "leave it out")
    if group.whole("maxInstanceLifetime"):
        yield Problem("maxInstanceLifetime", "AWS replaces members without asking the gate", "leave it out")
    if group.flag("capacityRebalance"):
        yield Problem("capacityRebalance", "AWS replaces members that run, without asking the gate", "set it to false")
    if group.flag("forceDelete"):
        yield Problem("forceDelete", "the group's end does not wait for the gate", "set it to false")
    if group.text("healthCheckType") not in {"", _DEAD}:
        yield Problem("healthCheckType", "AWS replaces members that run, without asking the gate", f"set it to {_DEAD}")
