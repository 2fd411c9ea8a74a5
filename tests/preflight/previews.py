"""Previews: of steps that are written here, and of what the real engine once printed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.review.record import FOLDER

STACK = "pulumi:pulumi:Stack"
COMPONENT = "etcd:index:Ec2Cluster"
GROUP = "aws:autoscaling/group:Group"


def step(kind: str, inputs: Any, op: str = "create", name: str = "orders", parent: str = "") -> dict[str, Any]:
    """What the engine says of one resource."""
    state = {"type": kind, "inputs": inputs, "parent": parent}
    states = {"oldState" if op == "delete" else "newState": state}
    return {"op": op, "urn": urn(kind, name), **states}


def urn(kind: str, name: str) -> str:
    """Of a resource of the stack that all of these are of."""
    return f"urn:pulumi:production::shop::{kind}::{name}"


def previewed(*steps: Mapping[str, Any], **others: Any) -> str:
    """A preview that came to its end, as the engine prints it."""
    return json.dumps({"steps": steps, "changeSummary": {"same": len(steps)}, **others})


def recorded(name: str) -> list[dict[str, Any]]:
    """Steps of a preview by the real engine."""
    found: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text())["steps"]
    return found


def without_sames(name: str) -> str:
    """A recorded preview as the engine prints it without `--show-sames`: the stack is always shown."""
    return previewed(*(each for each in recorded(name) if each["op"] != "same" or f"::{STACK}::" in each["urn"]))
