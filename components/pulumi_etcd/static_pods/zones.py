"""What can be wrong with the zones that members' nodes are declared to stand in: pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from etcd_ops.model.problems import Problem
from etcd_ops.model.topology import fatal_zones
from pulumi_etcd.kubernetes.naming import ZONE_LABEL

FEWEST = 3
"""Members that have anything to spread: fewer tolerate no failure wherever they stand."""


def spread_problems(zones: Mapping[str, str], before: Iterable[Mapping[str, str]] = ()) -> Iterator[Problem]:
    """Problems with zones that get a quorum by themselves, once everything that is declared has come about.

    Args:
        zones: declared, by slot.
        before: what was declared already, by each account of it; none of a cluster that is new.
    """
    remedy = (
        "declare slots on nodes in other zones; where there is but one, name as zones what fails by itself in it: "
        "racks, power feeds, hosts"
    )
    for zone in sorted(set(_quorate(zones)) - _had(before)):
        yield Problem("members", _told(zones, zone), remedy)


def spread_warnings(zones: Mapping[str, str], before: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """What is to be said of zones that had a quorum by themselves already, and keep it.

    Args:
        zones: declared, by slot.
        before: as of `spread_problems`.
    """
    remedy = "add slots on nodes in other zones, and drop these in later steps: a slot keeps its zone"
    for zone in sorted(set(_quorate(zones)) & _had(before)):
        yield f"{_told(zones, zone)}; {remedy}"


def _had(before: Iterable[Mapping[str, str]]) -> set[str]:
    return {zone for zones in before for zone in _quorate(zones)}


def _quorate(zones: Mapping[str, str]) -> tuple[str, ...]:
    return fatal_zones(zones) if len(zones) >= FEWEST else ()


def _told(zones: Mapping[str, str], zone: str) -> str:
    slots = sorted(slot for slot, its_zone in zones.items() if its_zone == zone)
    return f"{', '.join(slots)} are a quorum of {len(zones)} in zone {zone}, without which the cluster stops"


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
