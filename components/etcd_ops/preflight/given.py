"""What a preflight is given, whichever of its forms it has: to the clusters that are to be declared. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.preflight.demand import Demand, demand, of_contract
from etcd_ops.preflight.previewed import of_preview
from etcd_ops.review.preview import Preview
from etcd_ops.review.reading import Unreadable, read_preview

PLATFORM = "ec2"


def read(text: str) -> tuple[Demand, ...]:
    """Every cluster on AWS in a text, each once; none of a preview that makes and changes none.

    Args:
        text: JSON or YAML: a demand; the contract of a component; the outputs of a stack (`pulumi stack output --json`)
            that has such a contract among them; or a preview (`pulumi preview --json --show-sames`).

    Raises:
        Invalid: it is none of these, or no preview and has no such cluster.
    """
    preview = _preview(text)
    return of_preview(preview) if preview is not None else _written(text)


def _preview(text: str) -> Preview | None:
    """The preview that a text is; None for one that at most has an output called like a part of a preview."""
    try:
        found = read_preview(text)
    except Unreadable:
        return None
    return found if found.steps or found.complete else None


def _written(text: str) -> tuple[Demand, ...]:
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Invalid([Problem("", "it is neither JSON nor YAML")]) from error
    if not isinstance(value, Mapping):
        raise Invalid([Problem("", "it is not an object")])
    found: list[Demand] = []
    for each in _demands(value):
        if each not in found:  # outputs may tell one twice
            found.append(each)
    if not found:
        reason = "it has no cluster on AWS"
        remedy = "give a demand, a preview (`pulumi preview --json --show-sames`), or outputs with a cluster's contract"
        raise Invalid([Problem("", reason, remedy)])
    return tuple(found)


def _demands(value: Mapping[str, Any]) -> Iterator[Demand]:
    contracts = [value] if _is_contract(value) else [each for each in value.values() if _is_contract(each)]
    yield from map(of_contract, contracts)
    if not contracts and "cluster" in value:
        yield demand(value)


def _is_contract(value: Any) -> bool:
    if isinstance(value, Mapping) and "contract" in value:
        return _is_contract(value["contract"])
    return isinstance(value, Mapping) and value.get("platform") == PLATFORM and "members" in value
