"""Instances whose speed does not run out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pulumi_policy import Severity

from etcd_ops.model.problems import Problem
from etcd_policies.contract import EC2, Cluster
from etcd_policies.parameters import InProduction
from etcd_policies.rule import ClusterRule, Stake

_BURSTABLE = re.compile(r"t[0-9]")
"""How the families begin that live on credits: t and a generation; trn1 is none of them."""


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
    if given.covers(cluster.environment) and _BURSTABLE.match(machine.text("instanceType")):
        yield Problem(machine.at("instanceType"), "it is slowed down under load", "use another family than t")
