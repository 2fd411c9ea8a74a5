"""From arguments to the body of the desired document, and to where it is kept: pure.

Everything raises `Invalid` with every problem, by the path of the argument.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from etcd_ops.channel.connect import InvalidConnection
from etcd_ops.channel.connect import parse as parse_connection
from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.model.spec import Binary, ClusterSpec
from etcd_ops.model.topology import Addressing, Topology, Zones, plan
from etcd_ops.model.validation import parse
from pulumi_etcd.certificates import LEAF_TRUST, TrustPlan
from pulumi_etcd.trusts import Wire

SIZE = 3
VOLUME_BYTES = 10 * 1024**3
RENEWAL = {"validityHours": 90 * 24, "windowHours": 540}
LATER = "later"
"""Stands for fingerprints, which only the certificates themselves will tell."""
_OPTIONAL = ("environment", "incarnation", "healing", "allowOutage", "migration")
"""Arguments that reach the document as they are."""
_EXCLUSIVE = (("slots", "size"), ("zoneNumbers", "zones"))


def topology(wire: Wire, zones: Zones, addressing: Addressing) -> Topology:
    """Slots over zones, with their addresses; `zones` where the arguments name none."""
    both = [
        Problem(one, f"cannot be given beside {other}", "give one of them")
        for one, other in _EXCLUSIVE
        if one in wire and other in wire
    ]
    if both:
        raise Invalid(both)
    slots = wire.get("slots")
    size = wire.get("size", SIZE if slots is None else None)
    return plan(wire.get("zoneNumbers") or wire.get("zones", zones), addressing, size=size, slots=slots)


def connection(declared: Wire) -> Wire:
    """A channel's connection value."""
    try:
        return parse_connection(declared).to_wire()
    except InvalidConnection as invalid:
        raise Invalid(Problem(*line.split(": ", 1)) for line in invalid.problems) from invalid


def spec(
    name: str, wire: Wire, placed: Topology, binary: Binary, agent: Wire, trusts: Mapping[str, TrustPlan]
) -> ClusterSpec:
    """The body of the desired document, with placeholders for fingerprints.

    Args:
        name: the cluster's.
        wire: the arguments; of `etcd`, settings that reach the document.
        placed: the members.
        binary: etcd's program.
        agent: the agent, as the document describes it.
        trusts: by trust: its generations.
    """
    optional = {key: wire[key] for key in _OPTIONAL if key in wire}
    body = {
        "name": name,
        "members": _members(wire, placed),
        "etcd": wire["etcd"] | {"binary": binary.to_wire()},
        "trust": {use: _trust_body(each) for use, each in trusts.items()} | _sharing(wire),
        "agent": agent,
        "renewal": RENEWAL | wire.get("renewal", {}),
        **optional,
    }
    try:
        return parse(body, LATER)
    except Invalid as invalid:
        placed_by = "slots" if "slots" in wire else "size"
        raise Invalid(dict.fromkeys(_as_argument(each, placed_by) for each in invalid.problems)) from invalid


def _members(wire: Wire, placed: Topology) -> dict[str, Any]:
    return {
        slot.name: {
            "zone": slot.zone,
            "peerUrl": slot.urls.peer,
            "clientUrl": slot.urls.client,
            "metricsUrl": slot.urls.metrics,
            "healthUrl": slot.urls.health,
            "volumeBytes": wire.get("volumeBytes", VOLUME_BYTES),
            "certificates": dict.fromkeys(LEAF_TRUST, LATER),
            **({"loopbackUrl": slot.urls.loopback} if slot.urls.loopback else {}),
        }
        for slot in placed.slots
    }


def _sharing(wire: Wire) -> dict[str, Any]:
    return {"shared": True} if wire.get("trust", {}).get("shared") else {}


def _trust_body(each: TrustPlan) -> dict[str, Any]:
    return {"authorities": {str(generation): LATER for generation in each.generations}, "issuer": each.issuer}


def _as_argument(problem: Problem, placed_by: str) -> Problem:
    """The problem with the path of the argument behind a property of the document."""
    if problem.path == "name":
        return replace(problem, path="the resource's name")
    if problem.path == "members":
        return replace(problem, path=placed_by)
    if problem.path.startswith("members.") and problem.path.endswith(".volumeBytes"):
        return replace(problem, path="volumeBytes")
    return problem
