"""Changes of single resources of a recorded stack on AWS, in which nothing else changes: five members."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from etcd_ops.review import Level, Review, read_preview, review
from tests.review.record import FOLDER

Step = dict[str, Any]


@cache
def _recorded() -> str:
    return (FOLDER / "prod-nothing.json").read_text()


def digest() -> dict[str, Any]:
    """Of a preview in which nothing changes: five members."""
    found: dict[str, Any] = json.loads(_recorded())
    return found


def step_of(preview: Mapping[str, Any], name: str) -> Step:
    (found,) = [each for each in preview["steps"] if each["urn"].endswith(f"::{name}")]
    step: Step = found
    return step


def changed(preview: Mapping[str, Any], name: str, op: str, **inputs: Any) -> None:
    """Let something happen to a resource; inputs that are None are left out from now on."""
    step = step_of(preview, name)
    old = step.pop("oldState", None) or step["newState"]
    new = copy.deepcopy(old)
    new["inputs"] = {key: value for key, value in (new["inputs"] | inputs).items() if value is not None}
    step |= {"op": op, "oldState": old, "newState": new}
    if op in ("delete", "delete-replaced"):
        del step["newState"]


def added(preview: dict[str, Any], like: str, name: str, op: str = "create", **inputs: Any) -> None:
    """Another resource like one that is there."""
    other = copy.deepcopy(step_of(preview, like))
    other["urn"] = other["urn"].replace(f"::{like}", f"::{name}")
    other["newState"]["inputs"] |= inputs
    preview["steps"].append({**other, "op": op})


def reviewed(preview: Mapping[str, Any]) -> Review:
    return review(read_preview(json.dumps(preview)))


def refusals(found: Review) -> dict[str, str]:
    """Places of what is refused, with the codes."""
    every = [*found.findings, *(each for cluster in found.clusters for each in cluster.findings)]
    return {each.where: each.code for each in every if each.level is Level.REFUSE}


def told(found: Review) -> set[str]:
    """Level and code of everything that is told of clusters."""
    return {f"{each.level.value} {each.code}" for cluster in found.clusters for each in cluster.findings}
