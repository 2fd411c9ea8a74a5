"""Previews: of the component against its resources written bare, and of many clusters in one stack."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any, cast

from bench import clusters
from bench.command import LONGEST, pulumi
from bench.figures import Figure, Section, middle, seconds, times
from bench.limits import TookTooLong
from pulumi_etcd import LocalClusterArgs
from pulumi_etcd.local.declaration import declare
from pulumi_etcd.local.etcd_binary import find
from tools import ROOT
from tools.engine import Engine

PROGRAMS = Path(__file__).parent / "programs"
ROUNDS = 3
SIZES = (1, 10, 100)
OVERHEAD_AIM = 1.2
LINEAR_AIM = 1.3
"""What a cluster may cost among many, against what it costs among few; what any preview costs is taken off before."""
RESOURCES_OF_COMPONENT = 1
"""The component itself is a resource that the bare program does not have."""


def measure(engine: Engine) -> Section:
    """Both comparisons; nothing is made."""
    with clusters.folder() as folder:
        previews = _Previews(engine, folder)
        figures = (*_against_bare(previews), *_scale(previews))
    return Section(
        "Previews",
        figures,
        f"Of clusters that do not exist yet. Component and bare program take turns, {ROUNDS} times each; medians and "
        "range. The time of a preview that registers nothing is printed for comparison: it is the engine's own.",
    )


class _Previews:
    """Stacks with nothing in them, to be previewed."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine, self._folder = engine, folder

    def component(self, number: int) -> tuple[float, int]:
        """So many clusters by the component."""
        declared = {f"c{index}": self._arguments(index) for index in range(number)}
        return self._run("component", {"BENCH_CLUSTERS": json.dumps(declared)})

    def bare(self) -> tuple[float, int]:
        """The same resources as one cluster has."""
        declaration = declare("c0", cast("LocalClusterArgs", self._arguments(0)), find)
        hosts = {slot: [host for host in each if host[0].isdigit()] for slot, each in declaration.hosts().items()}
        body = declaration.spec.model_dump(mode="json")
        plan = {"name": "c0", "directory": str(declaration.directory), "hosts": hosts, "body": body}
        return self._run("bare", {"BENCH_PLAN": json.dumps(plan)})

    def _arguments(self, index: int) -> dict[str, Any]:
        network = f"127.{index // 250 + 84}.{index % 250}"
        return {"directory": str(self._folder / f"c{index}"), "addressing": {"network": network}}

    def _run(self, program: str, variables: Mapping[str, str]) -> tuple[float, int]:
        """How many seconds a preview takes, and how many resources it would make."""
        project = self._project(program)
        environment = {**self._engine.environment(project / "state"), **variables}
        begun = time.monotonic()
        output = pulumi(self._engine, project, environment, "preview", "--stack", "bench", "--suppress-progress")
        took = time.monotonic() - begun
        found = re.search(r"\+ (\d+) to create", output)
        return took, int(found[1]) if found else 0

    def _project(self, program: str) -> Path:
        project = self._folder / program
        if project.exists():
            return project
        (project / "state").mkdir(parents=True)
        options = {"name": "python", "options": {"virtualenv": str(ROOT / ".venv")}}
        plugins = {"providers": [{"name": "etcd", "path": str(ROOT / "plugin")}]}
        description = {"name": "bench", "runtime": options, "main": str(PROGRAMS / program), "plugins": plugins}
        (project / "Pulumi.yaml").write_text(json.dumps(description))
        pulumi(self._engine, project, self._engine.environment(project / "state"), "stack", "init", "bench")
        return project


def _against_bare(previews: _Previews) -> Iterator[Figure]:
    component, bare = [], []
    for _ in range(ROUNDS):
        (took, made), (bare_took, bare_made) = previews.component(1), previews.bare()
        assert made - bare_made == RESOURCES_OF_COMPONENT, f"{made} and {bare_made} resources are not the same"
        component.append(took)
        bare.append(bare_took)
    ratio = median(component) / median(bare)
    against = f"{middle(bare)}: resources written bare"
    aim = f"at most {OVERHEAD_AIM}x"
    yield Figure("preview of one cluster", middle(component), against, f"{ratio:.2f}x", aim, ratio <= OVERHEAD_AIM)


def _scale(previews: _Previews) -> Iterator[Figure]:
    nothing, _ = previews.component(0)
    yield Figure("preview of nothing", seconds(nothing))
    took: list[float] = []
    for size in SIZES:
        what = f"preview of a stack with {size} cluster{'s' if size > 1 else ''}"
        try:
            taken, made = previews.component(size)
        except TookTooLong:
            yield Figure(what, f"more than {seconds(LONGEST)}", met=False)
            return
        took.append(taken)
        yield Figure(f"{what} ({made} resources)", seconds(taken))
    few, many = ((taken - nothing) / size for taken, size in zip(took[1:], SIZES[1:], strict=True))
    aim = f"linear: at most {LINEAR_AIM}x"
    against = f"{seconds(few)}: each of {SIZES[1]}"
    what = f"each of {SIZES[2]} clusters, beyond the preview of nothing"
    yield Figure(what, seconds(many), against, times(many / few), aim, many / few <= LINEAR_AIM)
