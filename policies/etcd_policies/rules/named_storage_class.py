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
    if not given.covers(cluster.environment):
        return
    for path in sorted(_unnamed(cluster)):
        yield Problem(path, "volumes are of the default class, which may be another one tomorrow", "name one")


def _unnamed(cluster: Cluster) -> set[str]:
    """The paths at which a member's class should be named."""
    everybodys, classes = cluster.section.text("storageClass"), cluster.section.section("storageClasses")
    own = {member.slot for member in cluster.members if classes.has(member.slot)}
    unnamed = {classes.at(slot) for slot in own if not classes.text(slot)}
    return unnamed | ({"storageClass"} if not everybodys and len(own) < len(cluster.members) else set())
