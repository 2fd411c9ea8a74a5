"""Instances whose speed does not run out."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from etcd_ops.model.problems import Problem
from etcd_policies.contract import EC2, Cluster
from etcd_policies.parameters import InProduction
from etcd_policies.rule import ClusterRule, Stake

_BURSTABLE = "t"
"""First letter of the families that live on credits."""


@ClusterRule.declare(
    requires="In production instances of an etcd cluster on AWS do not live on credits.",
    severity=Severity.MEDIUM,
    stake=Stake.SERVICE,
    steps="Set `instanceType` to one of another family than t, such as m7g.large.",
    platforms=(EC2,),
)
def steady_instances(cluster: Cluster, given: InProduction) -> Iterator[Problem]:
    """A burstable instance is slowed down under load, when its credits are used up: members then lose elections."""
    machine = cluster.section.section("machine")
    if given.covers(cluster.environment) and machine.text("instanceType").startswith(_BURSTABLE):
        yield Problem(machine.at("instanceType"), "it is slowed down under load", "use another family than t")
