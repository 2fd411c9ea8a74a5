"""What can be wrong with the zones that members' nodes are declared to stand in: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from etcd_ops.model.problems import Problem
from etcd_ops.model.topology import fatal_zones
from pulumi_etcd.kubernetes.naming import ZONE_LABEL

FEWEST = 3
"""Members that have anything to spread: fewer tolerate no failure wherever they stand."""


def spread_problems(zones: Mapping[str, str]) -> Iterator[Problem]:
    """Problems with zones that have a quorum by themselves, once everything that is declared has come about.

    Args:
        zones: declared, by slot.
    """
    if len(zones) < FEWEST:
        return
    for zone in fatal_zones(zones):
        slots = sorted(slot for slot, its_zone in zones.items() if its_zone == zone)
        reason = f"{', '.join(slots)} are a quorum of {len(zones)} in zone {zone}, without which the cluster stops"
        remedy = (
            "declare slots on nodes in other zones; where there is but one, name as zones what fails by itself in it: "
            "racks, power feeds, hosts"
        )
        yield Problem("slots", reason, remedy)


def other_zone(slot: str, node: str, zone: str, labels: Mapping[str, str]) -> str:
    """That a node says that it stands in another zone than is declared; empty where it does not.

    Args:
        slot: on the node.
        node: its label `kubernetes.io/hostname`.
        zone: declared for the slot.
        labels: of the node.
    """
    its_own = labels.get(ZONE_LABEL, zone)
    if its_own == zone:
        return ""
    return f"{slot} is declared in zone {zone}, but its node {node} has the label {ZONE_LABEL}={its_own}"
