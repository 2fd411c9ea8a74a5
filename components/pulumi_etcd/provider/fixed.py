"""Inputs that never change in the life of a resource: pure."""

from __future__ import annotations

from collections.abc import Iterable

from etcd_ops.model.problems import Problem
from pulumi_etcd.provider.values import UNKNOWN, Properties, text, unknown_paths


def moved(old: Properties, new: Properties, names: Iterable[str], remedy: str) -> tuple[Problem, ...]:
    """Problems with inputs that differ from those that the resource was created with.

    A replacement would be created beside it under the same name, and take what belongs to it with it when it goes.
    """
    return tuple(
        Problem(name, f"cannot change from {old[name]!r} to {new.get(name)!r}", remedy)
        for name in names
        if name in old and old[name] != new.get(name)
    )


def unknown(new: Properties, names: Iterable[str]) -> tuple[Problem, ...]:
    """Problems with inputs that a preview does not know."""
    remedy = "compute it from arguments, not from another resource's outputs"
    return tuple(
        Problem(text((name, *path)), "must be known in a preview", remedy)
        for name in names
        for path in unknown_paths(new.get(name, UNKNOWN))
    )
