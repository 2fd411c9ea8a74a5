"""Parts of a local cluster, each decided and judged by itself: pure. They all raise `Invalid` with every problem."""

from __future__ import annotations

import importlib.metadata
import sysconfig
from pathlib import Path
from typing import Any

from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.model.topology import Addressing, Loopback, OneAddress, Place, Topology
from etcd_ops.zone.paths import unusable
from pulumi_etcd import body
from pulumi_etcd.trusts import Wire

ZONES = ("a", "b", "c")


def topology(wire: Wire) -> Topology:
    """Slots over zones, with their addresses."""
    return body.topology(wire, ZONES, addressing(wire.get("addressing", {})))


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
    if reason := chosen.problem(Place(zone=0, ordinal=1)):
        raise Invalid([Problem("addressing", reason)])
    return chosen


def channel(wire: Wire) -> Wire:
    """The connection value."""
    declared = dict(wire.get("channel", {"kind": "directory"}))
    if declared.get("kind") == "directory":
        declared.setdefault("directory", str(Path(wire["directory"], "channel")))
    return body.connection(declared)


def installed_agent() -> dict[str, Any]:
    """The agent that is installed beside this package."""
    command = [str(Path(sysconfig.get_path("scripts"), "etcd-ops"))]
    return {"version": importlib.metadata.version("etcd-ops"), "command": command}


def own_problems(wire: Wire) -> list[Problem]:
    """Problems with arguments that only this platform has."""
    reason = unusable(Path(wire["directory"]))
    return [Problem("directory", reason)] if reason else []
