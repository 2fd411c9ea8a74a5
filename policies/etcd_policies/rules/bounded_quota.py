"""A quota within the bounds that etcd is run with."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity
from pydantic import Field, model_validator
from typing_extensions import Self

from etcd_ops.model.problems import Problem
from etcd_policies.contract import Cluster
from etcd_policies.parameters import Parameters
from etcd_policies.rule import ClusterRule, Stake
from etcd_policies.sizes import GIB, gib


class Bounds(Parameters):
    """The smallest and the largest quota.

    etcd's own default is 2 GiB, and it suggests no more than 8: https://etcd.io/docs/v3.6/dev-guide/limit/
    """

    minimum_gib: float = Field(default=2, gt=0, description="smallest quota in GiB")
    maximum_gib: float = Field(default=8, gt=0, description="largest quota in GiB")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.minimum_gib > self.maximum_gib:
            raise ValueError("minimumGib must not be above maximumGib")
        return self


@ClusterRule.declare(
    requires="The quota of an etcd cluster's database is between 2 and 8 GiB.",
    severity=Severity.MEDIUM,
    stake=Stake.SERVICE,
    steps="Set `etcd.quotaBackendBytes` within the bounds; what needs more belongs into several clusters.",
)
def bounded_quota(cluster: Cluster, given: Bounds) -> Iterator[Problem]:
    """A full database refuses every write until somebody makes room.

    A very large one makes starts, snapshots and the replacement of a member slow, and needs as much memory.
    """
    quota, path = cluster.quota_bytes, "etcd.quotaBackendBytes"
    if quota < given.minimum_gib * GIB:
        yield Problem(path, f"{gib(quota)} are less than {given.minimum_gib:g} GiB", "raise it")
    if quota > given.maximum_gib * GIB:
        yield Problem(path, f"{gib(quota)} are more than {given.maximum_gib:g} GiB", "lower it, or use two clusters")
