"""A stack of plain resources below a component, and a Rollout that stand-in agents serve, on the real engine."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from etcd_ops.model.spec import ClusterSpec
from tests.model.samples import body
from tests.review.neutral import neutral
from tests.standins.running import agents
from tools import ROOT, python_environment
from tools.engine import Engine

STACK = "plain"
CLUSTER = "sample"
SLOTS = ("a-1", "b-1", "c-1")
PLUGINS = ("aws", "kubernetes")
Declaration = dict[str, Any]
Resources = dict[str, Any]


def declared(component: str, resources: Resources, channel: Path) -> Declaration:
    """Three members, placed as these resources below a component of this type."""
    rollout = {"channel": {"kind": "directory", "directory": str(channel)}, "deadline_seconds": 45}
    found = {"name": CLUSTER, "component": component, "rollout": rollout, "resources": resources}
    declare(found, body())
    return found


def declare(declaration: Declaration, wire: dict[str, Any]) -> None:
    """Make this the cluster's declaration, each member on a machine or in a pod that it names."""
    cluster = ClusterSpec.model_validate(wire).model_dump(mode="json", by_alias=False)
    for slot, member in cluster["members"].items():
        member["template"] = slot[0] * 64
    declaration["rollout"]["cluster"] = cluster


@dataclass(frozen=True)
class Scenario:
    """One preview: how its declaration differs from the one that is up."""

    name: str
    change: Callable[[Declaration], None] = field(default=lambda _: None)
    words: tuple[str, ...] = ("--show-sames",)
    command: tuple[str, ...] = ("preview",)


@dataclass(frozen=True)
class Stage:
    """What is brought up, and previewed then."""

    scenarios: tuple[Scenario, ...]
    change: Callable[[Declaration], None] = field(default=lambda _: None)
    """To the declaration of the stage before."""


def put(resource: str, **inputs: Any) -> Callable[[Declaration], None]:
    """Change some inputs of a resource."""

    def change(declaration: Declaration) -> None:
        declaration["resources"][resource]["inputs"] |= inputs

    return change


def take(*names: str) -> Callable[[Declaration], None]:
    """Declare some resources no more."""

    def change(declaration: Declaration) -> None:
        for name in names:
            del declaration["resources"][name]

    return change


def gone(declaration: Declaration) -> None:
    """Declare nothing any more."""
    declaration["name"] = ""


class PlainStack:
    """A project with the stand-in, in a folder of its own."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.folder, self._engine = folder, engine
        self.channel = folder / "channel"
        self.channel.mkdir(parents=True)
        _plugins(folder / "plugin")
        (folder / "Pulumi.yaml").write_text(_settings(folder))
        self.environment = {
            **engine.environment(folder / "state"), "REVIEW_DECLARATION": str(folder / "declaration.json")
        }  # fmt: skip
        (folder / "state").mkdir()
        self.pulumi("stack", "init", STACK)

    def declare(self, declaration: Declaration) -> None:
        """Write what the program declares."""
        (self.folder / "declaration.json").write_text(json.dumps(declaration))

    def pulumi(self, *words: str, fails: bool = False) -> str:
        """What a command prints on standard output."""
        done = subprocess.run(
            [self._engine.pulumi, "--non-interactive", "--color", "never", *words],
            cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=300, check=False,
        )  # fmt: skip
        assert fails or done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def previewed(self, scenario: Scenario, declaration: Declaration) -> str:
        """One preview, made neutral."""
        changed = copy.deepcopy(declaration)
        scenario.change(changed)
        self.declare(changed)
        printed = self.pulumi(*scenario.command, "--json", "--stack", STACK, *scenario.words, fails=True)
        places = {self.folder: "/srv/etcd", ROOT: "/opt/pulumi-etcd", Path.home(): "/home/operator"}
        return neutral(printed[printed.index("{") :], places)


def _plugins(folder: Path) -> None:
    folder.mkdir()
    python = python_environment.FOLDER / "bin" / "python"
    for name in PLUGINS:
        program = folder / f"pulumi-resource-{name}"
        program.write_text(f'#!/bin/sh\nexec {python} {Path(__file__).with_name("standin.py")} {name} "$@"\n')
        program.chmod(0o755)


def _settings(folder: Path) -> str:
    lines = (
        "name: review",
        "runtime:",
        "  name: python",
        f"  options: {{virtualenv: {python_environment.FOLDER}}}",
        f"main: {Path(__file__).parent / 'program'}",
        "plugins:",
        "  providers:",
        f"    - {{name: etcd, path: {ROOT / 'plugin'}}}",
        *(f"    - {{name: {name}, path: {folder / 'plugin'}}}" for name in PLUGINS),
    )
    return "\n".join(lines) + "\n"


def recording(
    engine: Engine,
    wanted: Callable[[str], bool],
    first: str,
    component: str,
    resources: Resources,
    stages: Sequence[Stage],
) -> Iterator[tuple[str, str]]:
    """Previews by name, as they are kept: one before anything is there, called `first`, then those of every stage."""
    if not any(wanted(name) for name in (first, *(each.name for stage in stages for each in stage.scenarios))):
        return
    folder = Path(tempfile.mkdtemp(prefix="review-"))
    stack = PlainStack(engine, folder / "stack")
    declaration = declared(component, resources, stack.channel)
    with agents(folder):
        yield first, stack.previewed(Scenario(first), declaration)
        for stage in stages:
            stage.change(declaration)
            stack.declare(declaration)
            stack.pulumi("up", "--yes", "--skip-preview", "--stack", STACK)
            for scenario in filter(lambda each: wanted(each.name), stage.scenarios):
                yield scenario.name, stack.previewed(scenario, declaration)
    shutil.rmtree(folder)
