"""A storage class that is named."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import EnforcementLevel, Severity

from etcd_ops.model.problems import Problem
from etcd_policies.contract import STATEFUL_SETS, Cluster
from etcd_policies.parameters import InProduction
from etcd_policies.rule import ClusterRule, Stake


@ClusterRule.declare(
    requires="In production the storage class of an etcd cluster's volumes is named.",
    severity=Severity.MEDIUM,
    stake=Stake.SERVICE,
    steps="Set `storageClass` when you declare the cluster: a volume keeps its class.",
    # A cluster that was declared without one cannot be given one: it must not stand in the way of every other change.
    level=EnforcementLevel.ADVISORY,
    platforms=(STATEFUL_SETS,),
)
def named_storage_class(cluster: Cluster, given: InProduction) -> Iterator[Problem]:
    """The default class may be another one tomorrow, and the next member's volume slower, or deleted with its claim."""
    if not given.covers(cluster.environment) or cluster.section.text("storageClass"):
        return
    classes = cluster.section.section("storageClasses")
    if not all(classes.has(member.slot) for member in cluster.members):
        yield Problem("storageClass", "volumes are of the default class, which may be another one tomorrow", "name one")
