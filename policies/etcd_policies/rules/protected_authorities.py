"""Certificate authorities that are not deleted by mistake."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from etcd_ops.model.problems import Problem
from etcd_policies.contract import Cluster
from etcd_policies.parameters import InProduction
from etcd_policies.rule import ClusterRule, Stake


@ClusterRule.declare(
    requires="In production the certificate authorities of an etcd cluster are protected from deletion.",
    severity=Severity.HIGH,
    stake=Stake.SERVICE,
    steps="Set `protect.authorities` to true.",
)
def protected_authorities(cluster: Cluster, given: InProduction) -> Iterator[Problem]:
    """Without its authority's key no certificate is renewed, and every member and client needs a new trust at once."""
    if given.covers(cluster.environment) and not cluster.protects("authorities"):
        yield Problem("protect.authorities", "the engine would delete the authorities when told to", "set it to true")
