"""Parts of a local cluster, each decided and judged by itself: pure. They all raise `Invalid` with every problem."""

from __future__ import annotations

import importlib.metadata
import sysconfig
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from etcd_ops.channel.connect import InvalidConnection
from etcd_ops.channel.connect import parse as parse_connection
from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.model.spec import Binary, ClusterSpec
from etcd_ops.model.topology import Addressing, Loopback, OneAddress, Topology, plan
from etcd_ops.model.validation import parse
from etcd_ops.rollout import DECLARABLE
from etcd_ops.zone.paths import unusable
from pulumi_etcd.certificates import LEAF_TRUST, GivenAuthority, TrustPlan

ZONES = ("a", "b", "c")
SIZE = 3
VOLUME_BYTES = 10 * 1024**3
RENEWAL = {"validityHours": 90 * 24, "windowHours": 540}
AUTHORITY_HOURS = 10 * 365 * 24
LATER = "later"
"""Stands for fingerprints, which only the certificates themselves will tell."""
_EXCLUSIVE = (("slots", "size"), ("zoneNumbers", "zones"))
Wire = Mapping[str, Any]
"""Arguments in camelCase, of the right shape."""


def topology(wire: Wire) -> Topology:
    """Slots over zones, with their addresses."""
    both = [
        Problem(one, f"cannot be given beside {other}", "give one of them")
        for one, other in _EXCLUSIVE
        if one in wire and other in wire
    ]
    if both:
        raise Invalid(both)
    slots = wire.get("slots")
    size = wire.get("size", SIZE if slots is None else None)
    zones = wire.get("zoneNumbers") or wire.get("zones", ZONES)
    return plan(zones, addressing(wire.get("addressing", {})), size=size, slots=slots)


def addressing(wire: Wire) -> Addressing:
    """Where members listen."""
    mode = wire.get("mode", "zones")
    port = {"base_port": wire["basePort"]} if "basePort" in wire else {}
    chosen: Addressing
    if mode == "zones":
        chosen = Loopback(wire.get("network", Loopback().network), **port)
    elif mode == "ports":
        chosen = OneAddress(wire.get("address", OneAddress().address), **port)
    else:
        raise Invalid([Problem("addressing.mode", f"{mode!r} is neither zones nor ports")])
    if reason := chosen.problem(0, 1):
        raise Invalid([Problem("addressing", reason)])
    return chosen


def trust(name: str, wire: Wire) -> TrustPlan:
    """Generations of one trust, and the one whose leaves are used."""
    declared = wire.get("trust", {}).get(name, {})
    generations = tuple(declared.get("generations", (1,)))
    path = f"trust.{name}"
    if not generations or min(generations) < 1:
        raise Invalid([Problem(f"{path}.generations", "must be numbers from 1, at least one")])
    issuer = declared.get("issuer", generations[0] if len(generations) == 1 else None)
    if issuer is None:
        raise Invalid([Problem(f"{path}.issuer", "must be given beside several generations")])
    if issuer not in generations:
        raise Invalid([Problem(f"{path}.issuer", "must be one of the generations")])
    return TrustPlan(generations, issuer, _given(path, declared.get("authorities", {}), generations))


def _given(path: str, declared: Wire, generations: tuple[int, ...]) -> dict[int, GivenAuthority]:
    """Authorities that the program brings, of declared generations only."""
    reason, remedy = "is not the authority of a declared generation", f"add it to {path}.generations"
    strange = [number for number in declared if number not in map(str, generations)]
    if strange:
        raise Invalid(Problem(f"{path}.authorities.{number}", reason, remedy) for number in strange)
    complete = {number: each for number, each in declared.items() if {"certPem", "privateKeyPem"} <= each.keys()}
    return {int(number): GivenAuthority(each["certPem"], each["privateKeyPem"]) for number, each in complete.items()}


def channel(wire: Wire) -> Wire:
    """The connection value."""
    declared = dict(wire.get("channel", {"kind": "directory"}))
    if declared.get("kind") == "directory":
        declared.setdefault("directory", str(Path(wire["directory"], "channel")))
    try:
        return parse_connection(declared).to_wire()
    except InvalidConnection as invalid:
        raise Invalid(Problem(*line.split(": ", 1)) for line in invalid.problems) from invalid


def spec(name: str, wire: Wire, placed: Topology, binary: Binary, trusts: Mapping[str, TrustPlan]) -> ClusterSpec:
    """The body of the desired document, with placeholders for fingerprints."""
    optional = {key: wire[key] for key in ("environment", "incarnation", "healing", "allowOutage") if key in wire}
    settings = {key: value for key, value in wire.get("etcd", {}).items() if key != "path"}
    body = {
        "name": name,
        "members": _members(wire, placed),
        "etcd": settings | {"binary": binary.to_wire()},
        "trust": {use: _trust_body(each) for use, each in trusts.items()},
        "agent": wire.get("agent") or installed_agent(),
        "renewal": RENEWAL | wire.get("renewal", {}),
        **optional,
    }
    try:
        return parse(body, LATER)
    except Invalid as invalid:
        placed_by = "slots" if "slots" in wire else "size"
        raise Invalid(dict.fromkeys(_as_argument(each, placed_by) for each in invalid.problems)) from invalid


def installed_agent() -> dict[str, Any]:
    """The agent that is installed beside this package."""
    command = [str(Path(sysconfig.get_path("scripts"), "etcd-ops"))]
    return {"version": importlib.metadata.version("etcd-ops"), "command": command}


def own_problems(wire: Wire) -> list[Problem]:
    """Problems with arguments that never reach the desired document's body."""
    found = []
    if reason := unusable(Path(wire["directory"])):
        found.append(Problem("directory", reason))
    if wire.get("mode", "active") not in DECLARABLE:
        choices = ", ".join(mode.value for mode in DECLARABLE)
        found.append(Problem("mode", f"{wire['mode']!r} is none of {choices}"))
    durations = ("authorityValidityHours", "deadlineSeconds")
    found += [Problem(name, f"{wire[name]!r} is not above 0") for name in durations if wire.get(name, 1) <= 0]
    return found


def authority_problems(wire: Wire, declared: ClusterSpec) -> list[Problem]:
    """Problems with authorities that end before the leaves that they issue."""
    hours = wire.get("authorityValidityHours", AUTHORITY_HOURS)
    if hours <= 0 or hours > declared.renewal.validity_hours:
        return []
    reason = f"authorities that are valid for {hours} h end before leaves that are valid for longer"
    return [Problem("authorityValidityHours", reason, f"make it more than {declared.renewal.validity_hours}")]


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
        }
        for slot in placed.slots
    }


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
