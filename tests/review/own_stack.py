"""The repository's own stacks on the real engine: their program and configuration, with what a test has to put in."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.review.neutral import neutral
from tests.standins.running import agents
from tools import ROOT, python_environment
from tools.engine import Engine

STACKS = ROOT / "stacks"
PROJECT = "pulumi-etcd"
TIMEOUT = 480.0
"""Seconds for one command: there are up to two hundred resources."""
_TRIES = 3
DESTROY = ("destroy", "--preview-only")
Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Scenario:
    """One preview: how its configuration differs from that of what is up, None where it is left out."""

    name: str
    changes: Settings = field(default_factory=dict)
    words: tuple[str, ...] = ("--show-sames",)
    replaces: tuple[str, ...] = ()
    """Resources that the engine is told to replace, each as `type name`."""
    targets: tuple[str, ...] = ()
    """Those that it is told to restrict itself to, likewise."""
    command: tuple[str, ...] = ("preview",)


@dataclass(frozen=True)
class Stage:
    """What is brought up, and previewed then."""

    scenarios: tuple[Scenario, ...]
    changes: Settings = field(default_factory=dict)
    """To the configuration of the stage before."""


class OwnStack:
    """One of `stacks/`, in a folder of its own."""

    def __init__(self, engine: Engine, folder: Path, name: str, settings: Settings, environment: Mapping[str, str]):
        """Make the project, and initialise the stack.

        Args:
            engine: runs it.
            folder: of the project; made.
            name: of the stack, whose configuration is taken from the repository.
            settings: what stands in place of placeholders.
            environment: what providers need beside the engine's own.
        """
        self.folder, self.name, self._engine = folder, name, engine
        (folder / "state").mkdir(parents=True)
        (folder / "Pulumi.yaml").write_text(_project())
        self.environment = {**engine.environment(folder / "state"), **environment}
        self.base = {**configured(name), **settings}
        self.pulumi("stack", "init", name)
        self._salt: dict[str, Any] = yaml.safe_load(self._file.read_text()) or {}
        self.declare({})

    @property
    def _file(self) -> Path:
        return self.folder / f"Pulumi.{self.name}.yaml"

    def declare(self, changes: Settings) -> None:
        """Configure it otherwise than it is up."""
        found = {name: value for name, value in {**self.base, **changes}.items() if value is not None}
        config = {f"{PROJECT}:{name}": value for name, value in found.items()}
        self._file.write_text(yaml.safe_dump({**self._salt, "config": config}))

    def urn(self, token: str, name: str) -> str:
        """Of a resource below the component."""
        return f"urn:pulumi:{self.name}::{PROJECT}::etcd:index:{self.base['component']}${token}::{name}"

    def pulumi(self, *words: str, fails: bool = False) -> str:
        """What a command prints on standard output."""
        done = subprocess.run(
            [self._engine.pulumi, "--non-interactive", "--color", "never", *words],
            cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=TIMEOUT, check=False,
        )  # fmt: skip
        assert fails or done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _whole(self, *words: str) -> str:
        """A preview that was judged by the channel as well: a busy machine may have been too slow for it."""
        for _ in range(_TRIES):
            if "judged without" not in (printed := self.pulumi(*words, fails=True)):
                return printed
        raise AssertionError(f"the channel was not read in {_TRIES} previews")

    def up(self, changes: Settings) -> None:
        """Apply a configuration, which is the base of all that follow."""
        self.base = {name: value for name, value in {**self.base, **changes}.items() if value is not None}
        self.declare({})
        self.pulumi("up", "--yes", "--skip-preview", "--stack", self.name)

    def printed(self, scenario: Scenario) -> str:
        """One preview, as the engine printed it."""
        self.declare(scenario.changes)
        named = {"replace": scenario.replaces, "target": scenario.targets}
        words = [f"--{option}={self.urn(*each.split())}" for option, found in named.items() for each in found]
        printed = self._whole(*scenario.command, "--json", "--stack", self.name, *scenario.words, *words)
        return printed[printed.index("{") :]

    def previewed(self, scenario: Scenario, places: Mapping[str, str]) -> str:
        """One preview, made neutral."""
        known = {str(self.folder): "/srv/pulumi", str(ROOT): "/opt/pulumi-etcd", str(Path.home()): "/home/operator"}
        return neutral(self.printed(scenario), {**known, **places})


def configured(name: str) -> dict[str, Any]:
    """What a stack's configuration says in the repository, by setting."""
    found: Settings = yaml.safe_load((STACKS / f"Pulumi.{name}.yaml").read_text())["config"]
    return {setting.removeprefix(f"{PROJECT}:"): value for setting, value in found.items()}


def _project() -> str:
    """The repository's own, in another folder."""
    found = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    found |= {"main": str(STACKS), "stackConfigDir": "."}
    found["runtime"]["options"]["virtualenv"] = str(python_environment.FOLDER)
    found["plugins"]["providers"] = [{"name": "etcd", "path": str(ROOT / "plugin")}]
    return yaml.safe_dump(found)


def is_wanted(first: Scenario, stages: Sequence[Stage], wanted: Callable[[str], bool]) -> bool:
    """Whether any of these previews is asked for."""
    return wanted(first.name) or any(wanted(each.name) for stage in stages for each in stage.scenarios)


def recording(
    stack: OwnStack,
    connection: Settings,
    places: Mapping[str, str],
    first: Scenario,
    stages: Sequence[Stage],
    wanted: Callable[[str], bool],
) -> Iterator[tuple[str, str]]:
    """Previews by name, as they are kept: one before anything is there, then those of every stage.

    Args:
        stack: nothing of it is up.
        connection: of the channel, which stand-in agents serve.
        places: what differs from machine to machine, and what stands for each.
        first: before anything is there.
        stages: one after the other.
        wanted: which are asked for.
    """
    if wanted(first.name):
        yield first.name, stack.previewed(first, places)
    last = max(
        (at for at, stage in enumerate(stages) if any(wanted(each.name) for each in stage.scenarios)), default=-1
    )
    with agents(connection, environment=stack.environment):
        for stage in stages[: last + 1]:
            stack.up(stage.changes)
            for scenario in filter(lambda each: wanted(each.name), stage.scenarios):
                yield scenario.name, stack.previewed(scenario, places)
