"""Volumes spread over zones."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity
from pydantic import Field

from etcd_ops.model.problems import Problem
from etcd_ops.model.topology import fatal_zones
from etcd_policies.aws.fleet import Fleet
from etcd_policies.aws.kinds import VOLUME
from etcd_policies.aws.resource import Resource
from etcd_policies.fleet_rule import FleetRule, each_resource
from etcd_policies.parameters import InProduction
from etcd_policies.rule import Finding, Stake

_ZONE = "availabilityZone"


class Zones(InProduction):
    """Over how many zones volumes are spread."""

    zones_in_production: int = Field(default=3, ge=1, le=7, description="fewest zones with volumes in production")


@FleetRule.declare(
    requires="No zone holds a quorum of an etcd cluster's volumes on AWS, and in production they are in three zones.",
    severity=Severity.CRITICAL,
    stake=Stake.DATA,
    steps="Declare the volumes in three zones, no zone with half of them or more.",
    kinds=(VOLUME,),
)
def distinct_zones(fleet: Fleet, given: Zones) -> Iterator[Finding]:
    """A volume is attached only within its zone: where it is, is where its member stands.

    A zone that holds a quorum acknowledges writes alone, and takes them with it. `zone-spread` judges what a component
    declares; this rule judges the volumes themselves, and so clusters without the component.
    """
    zones: dict[str, str] = {}

    def judge(volume: Resource) -> Iterator[Problem]:
        zone = volume.properties.text(_ZONE)
        if zone:
            zones[volume.urn] = zone
        else:
            yield Problem(_ZONE, "the volume is in no zone", "name one")

    yield from each_resource(fleet.of(VOLUME), judge)
    if len(zones) > 1:
        yield from _fatal(zones)
    used = len(set(zones.values()))
    if zones and used < given.zones_in_production and given.covers(fleet.environment):
        reason = f"the cluster's volumes are in {used} of at least {given.zones_in_production} zones"
        yield Finding(min(zones), Problem(_ZONE, reason, "declare volumes in further zones"))


def _fatal(zones: dict[str, str]) -> Iterator[Finding]:
    for zone in fatal_zones(zones):
        held = sorted(urn for urn, its_zone in zones.items() if its_zone == zone)
        left = f"{len(zones) - len(held)} of {len(zones)} volumes"
        reason = f"without the zone of this volume only {left} are left, which are no quorum"
        yield Finding(held[-1], Problem(_ZONE, reason, "move it to another zone"))
