"""Members spread over zones."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity
from pydantic import Field

from etcd_ops.model.problems import Problem
from etcd_ops.model.topology import fatal_zones
from etcd_policies.contract import Cluster
from etcd_policies.parameters import InProduction
from etcd_policies.rule import ClusterRule, Stake


class Spread(InProduction):
    """Over how many zones members are spread."""

    zones_in_production: int = Field(default=3, ge=1, le=7, description="fewest zones with members in production")


@ClusterRule.declare(
    requires="No zone holds a quorum of an etcd cluster's members, and in production they stand in three zones.",
    severity=Severity.CRITICAL,
    stake=Stake.DATA,
    steps="Name three zones, and let the component spread the members, or move slots to other zones one by one.",
)
def zone_spread(cluster: Cluster, given: Spread) -> Iterator[Problem]:
    """A zone that holds a quorum acknowledges writes alone.

    When it fails the cluster stops, and when it is lost for good those writes are lost with it. A single member
    outside production has nothing to spread.
    """
    zones = {member.slot: member.zone for member in cluster.members}
    if len(zones) > 1:
        yield from _fatal(zones)
    used = sorted(set(zones.values()))
    if len(used) < given.zones_in_production and given.covers(cluster.environment):
        reason = f"the members stand in {len(used)} of at least {given.zones_in_production} zones"
        yield Problem("members", reason, "let members stand in further zones")


def _fatal(zones: dict[str, str]) -> Iterator[Problem]:
    for zone in fatal_zones(zones):
        slots = sorted(slot for slot, its_zone in zones.items() if its_zone == zone)
        left = f"{len(zones) - len(slots)} of {len(zones)} members"
        reason = f"without the zone of {', '.join(slots)} only {left} are left, which are no quorum"
        yield Problem("members", reason, f"move {slots[-1]} to another zone")
