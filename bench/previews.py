"""Previews: of the component against its resources written bare, and of many clusters in one stack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, cast

from bench import clusters
from bench.figures import Figure, Section, middle
from bench.previewing import Previews, scale_previews
from pulumi_etcd import LocalClusterArgs
from pulumi_etcd.local.declaration import declare
from pulumi_etcd.local.etcd_binary import find
from tools.engine import Engine

ROUNDS = 3
OVERHEAD_AIM = 1.2
RESOURCES_OF_COMPONENT = 1
"""The component itself is a resource that the bare program does not have."""


def measure(engine: Engine) -> Section:
    """Both comparisons; nothing is made."""
    with clusters.folder() as folder:
        previews = Previews(engine, folder, "LocalCluster", lambda index: _arguments(folder, index))
        figures = (*_against_bare(previews, folder), *scale_previews(previews))
    return Section(
        "Previews",
        figures,
        f"Of clusters that do not exist yet. Component and bare program take turns, {ROUNDS} times each; medians and "
        "range. The time of a preview that registers nothing is printed for comparison: it is the engine's own.",
    )


def _arguments(folder: Path, index: int) -> dict[str, Any]:
    network = f"127.{index // 250 + 84}.{index % 250}"
    return {"directory": str(folder / f"c{index}"), "addressing": {"network": network}}


def _bare(folder: Path) -> str:
    """The same resources as one cluster has."""
    declaration = declare("c0", cast("LocalClusterArgs", _arguments(folder, 0)), find)
    hosts = {slot: [host for host in each if host[0].isdigit()] for slot, each in declaration.hosts().items()}
    body = declaration.spec.model_dump(mode="json")
    return json.dumps({"name": "c0", "directory": str(declaration.directory), "hosts": hosts, "body": body})


def _against_bare(previews: Previews, folder: Path) -> Iterator[Figure]:
    plan, component, bare = _bare(folder), [], []
    for _ in range(ROUNDS):
        (took, made), (bare_took, bare_made) = previews.of(1), previews.run("bare", BENCH_PLAN=plan)
        assert made - bare_made == RESOURCES_OF_COMPONENT, f"{made} and {bare_made} resources are not the same"
        component.append(took)
        bare.append(bare_took)
    ratio = median(component) / median(bare)
    against = f"{middle(bare)}: resources written bare"
    aim = f"at most {OVERHEAD_AIM}x"
    yield Figure("preview of one cluster", middle(component), against, f"{ratio:.2f}x", aim, ratio <= OVERHEAD_AIM)
