"""Resources that hold data, and are not deleted by mistake."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from etcd_ops.model.problems import Problem
from etcd_policies.aws.kinds import BUCKETS, KEY, VOLUME
from etcd_policies.aws.resource import Resource
from etcd_policies.parameters import InProduction
from etcd_policies.resource_rule import ResourceRule
from etcd_policies.rule import Stake


@ResourceRule.declare(
    requires="In production the volumes, the key and the bucket of an etcd cluster on AWS are protected.",
    severity=Severity.CRITICAL,
    stake=Stake.DATA,
    steps="Set the resource option `protect`; the cluster's component does with `protect.volumes`.",
    kinds=(VOLUME, KEY, *BUCKETS),
)
def protected_resources(resource: Resource, given: InProduction) -> Iterator[Problem]:
    """A destroy in the wrong stack would delete the data, or the key that alone can read it.

    Without its bucket a cluster can neither change nor heal. What a resource is for is in its tag `etcd-environment`;
    without one it is held to production.
    """
    if not given.covers(resource.environment):
        return
    if not resource.protected:
        yield Problem("protect", "the engine would delete it when told to", "set this resource option")
    if resource.properties.flag("forceDestroy"):
        yield Problem("forceDestroy", "it is deleted with everything in it", "set it to false")
