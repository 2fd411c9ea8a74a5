"""An odd number of members."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity
from pydantic import Field, model_validator
from typing_extensions import Self

from etcd_ops.model.problems import Problem
from etcd_ops.model.topology import tolerates
from etcd_policies.contract import Cluster
from etcd_policies.parameters import Parameters
from etcd_policies.rule import ClusterRule, Stake


class Size(Parameters):
    """How many members there may be."""

    minimum: int = Field(default=1, ge=1, le=7, description="fewest members")
    maximum: int = Field(default=7, ge=1, le=7, description="most members")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.minimum > self.maximum:
            raise ValueError("minimum must not be above maximum")
        return self


@ClusterRule.declare(
    requires="An etcd cluster has an odd number of members.",
    severity=Severity.HIGH,
    stake=Stake.SERVICE,
    steps="Declare 3 members, or 5 to survive two failures at once (1 only for a toy).",
)
def odd_member_count(cluster: Cluster, given: Size) -> Iterator[Problem]:
    """An even number of members needs a larger quorum and tolerates no more failures than one member less."""
    count = len(cluster.members)
    if count > 0 and count % 2 == 0:
        reason = f"{count} members tolerate as many failures as {count - 1} do: {tolerates(count)}"
        yield Problem("members", reason, f"declare {count + 1 if count < given.maximum else count - 1}")
    if count < given.minimum:
        yield Problem("members", f"{count} are fewer than {given.minimum}", f"declare at least {given.minimum}")
    if count > given.maximum:
        yield Problem("members", f"{count} are more than {given.maximum}", f"declare at most {given.maximum}")
