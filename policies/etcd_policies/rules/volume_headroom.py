"""Volumes with room for more than the database."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity
from pydantic import Field

from etcd_ops.model.problems import Problem
from etcd_policies.contract import Cluster, Member, each
from etcd_policies.parameters import Parameters
from etcd_policies.rule import ClusterRule, Stake
from etcd_policies.sizes import gib


class Headroom(Parameters):
    """How much larger than the quota a volume is."""

    quotas: float = Field(default=3, ge=1, description="a volume is larger than this many quotas")


@ClusterRule.declare(
    requires="Every volume of an etcd cluster is larger than three quotas.",
    severity=Severity.HIGH,
    stake=Stake.SERVICE,
    steps="Enlarge the volumes (`volumeBytes`), or lower `etcd.quotaBackendBytes`.",
)
def volume_headroom(cluster: Cluster, given: Headroom) -> Iterator[Problem]:
    """A volume holds more than the database.

    There are the write-ahead log, the copy that a defragmentation or a received snapshot writes beside the database,
    and the old data that a replaced member sets aside. etcd stops when its disk is full.
    """
    quota = cluster.quota_bytes

    def judge(member: Member) -> Iterator[Problem]:
        size = member.volume_bytes
        if size <= given.quotas * quota:
            reason = f"{gib(size)} are not larger than {given.quotas:g} quotas of {gib(quota)}"
            yield Problem(member.at("volumeBytes"), reason, "enlarge the volume, or lower the quota")

    yield from each(cluster.members, judge)
