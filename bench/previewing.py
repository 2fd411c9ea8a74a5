"""Stacks with nothing in them, to be previewed or brought up."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.command import LONGEST, pulumi
from bench.figures import Figure, seconds, times
from bench.limits import TookTooLong
from tools import ROOT
from tools.engine import Engine

PROGRAMS = Path(__file__).parent / "programs"
SIZES = (1, 10, 100)
LINEAR_AIM = 1.3
"""What a cluster may cost among many, against what it costs among few; what any command costs is taken off before."""
LONGEST_UP = 900.0
"""Seconds after which an `up` is given up."""
Arguments = Callable[[int], Mapping[str, Any]]
"""Of a cluster by its number."""


class Previews:
    """A stack with clusters that do not exist, to be previewed or brought up.

    Args:
        engine: the prepared engine.
        folder: for projects.
        component: the class of the clusters.
        arguments: of each.
        environment: further variables.
    """

    def __init__(
        self,
        engine: Engine,
        folder: Path,
        component: str,
        arguments: Arguments,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._engine, self._folder, self._component = engine, folder, component
        self._arguments, self._environment = arguments, environment or {}

    def of(self, number: int) -> tuple[float, int]:
        """How many seconds so many clusters take, and how many resources they would be."""
        return self.run("component", **self._clusters(number))

    def up(self, number: int) -> float:
        """How many seconds it takes to bring so many clusters up."""
        words = ("up", "--yes", "--skip-preview")
        took, _ = self._run("component", self._clusters(number), *words, longest=LONGEST_UP)
        return took

    def run(self, program: str, **variables: str) -> tuple[float, int]:
        """The same of a program by its name."""
        took, output = self._run(program, variables, "preview")
        found = re.search(r"\+ (\d+) to create", output)
        return took, int(found[1]) if found else 0

    def _clusters(self, number: int) -> dict[str, str]:
        declared = {f"c{index}": self._arguments(index) for index in range(number)}
        return {"BENCH_COMPONENT": self._component, "BENCH_CLUSTERS": json.dumps(declared)}

    def _run(
        self, program: str, variables: Mapping[str, str], *words: str, longest: float = LONGEST
    ) -> tuple[float, str]:
        project = self._project(program)
        environment = {**self._engine.environment(project / "state"), **self._environment, **variables}
        begun = time.monotonic()
        options = ("--stack", "bench", "--suppress-progress")
        output = pulumi(self._engine, project, environment, *words, *options, longest=longest)
        return time.monotonic() - begun, output

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


def scale(command: str, stack: str, take: Callable[[int], tuple[float, str]], longest: float) -> Iterator[Figure]:
    """A command on stacks with more and more clusters, and whether what each takes stays the same.

    Args:
        command: its name.
        stack: the same for a stack with clusters, whose number follows.
        take: how many seconds so many clusters take, and what else is to be said.
        longest: seconds after which it is given up.
    """
    nothing, _ = take(0)
    yield Figure(f"{command} of nothing", seconds(nothing))
    took: list[float] = []
    for size in SIZES:
        what = f"{stack} {size} cluster{'s' if size > 1 else ''}"
        try:
            taken, more = take(size)
        except TookTooLong:
            yield Figure(what, f"more than {seconds(longest)}", met=False)
            return
        took.append(taken)
        yield Figure(f"{what}{more}", seconds(taken))
    few, many = ((taken - nothing) / size for taken, size in zip(took[1:], SIZES[1:], strict=True))
    aim = f"linear: at most {LINEAR_AIM}x"
    against = f"{seconds(few)}: each of {SIZES[1]}"
    what = f"each of {SIZES[2]} clusters, beyond the {command} of nothing"
    yield Figure(what, seconds(many), against, times(many / few), aim, many / few <= LINEAR_AIM)


def scale_previews(previews: Previews) -> Iterator[Figure]:
    """Previews of more and more clusters."""

    def take(size: int) -> tuple[float, str]:
        taken, made = previews.of(size)
        return taken, f" ({made} resources)"

    return scale("preview", "preview of a stack with", take, LONGEST)
