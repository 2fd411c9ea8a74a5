"""A patch release without known holes."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from etcd_ops.model.problems import Problem
from etcd_ops.model.versions import LINES, below_safe, release
from etcd_policies.contract import Cluster
from etcd_policies.rule import ClusterRule, Stake
from etcd_policies.versions import declared_version


@ClusterRule.declare(
    requires="etcd is at or above the safe minimum of its line.",
    severity=Severity.HIGH,
    stake=Stake.DATA,
    steps="Set `etcd.version` to the newest release of the same line; members are upgraded one by one.",
)
def safe_patch(cluster: Cluster) -> Iterator[Problem]:
    """Earlier patch releases of a line have published holes, or lose or expose data."""
    version = declared_version(cluster)
    if version.line not in LINES:
        return
    minimum = below_safe(version)
    if minimum is not None:
        least = f"{version.line}.{minimum.patch}"
        remedy = f"declare {release(version.line) or least}"
        yield Problem("etcd.version", f"{version} is below {least}: {minimum.reason}", remedy)
