"""Volumes that are not deleted by mistake."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from etcd_ops.model.problems import Problem
from etcd_policies.contract import Cluster
from etcd_policies.parameters import InProduction
from etcd_policies.rule import ClusterRule, Stake


@ClusterRule.declare(
    requires="In production the volumes of an etcd cluster are protected from deletion.",
    severity=Severity.CRITICAL,
    stake=Stake.DATA,
    steps="Set `protect.volumes` to true.",
)
def protected_volumes(cluster: Cluster, given: InProduction) -> Iterator[Problem]:
    """A declaration that lost its members, or a destroy in the wrong stack, would delete every copy of the data."""
    if given.covers(cluster.environment) and not cluster.protects("volumes"):
        yield Problem("protect.volumes", "the engine would delete the volumes when told to", "set it to true")
