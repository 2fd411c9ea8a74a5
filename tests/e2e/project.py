"""A Pulumi project of its own with one cluster, driven through the real engine."""

from __future__ import annotations

import copy
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from tools import ROOT
from tools.engine import Engine

STACK = "e2e"
UP_SECONDS = 600.0
"""After which a `pulumi` is taken for hung."""
Arguments = dict[str, Any]


class EngineFailed(AssertionError):
    """`pulumi` ended with an error that the test did not expect."""


@dataclass(frozen=True)
class Outcome:
    """What a `pulumi` command came to."""

    status: int
    output: str


class Project:
    """What every platform's stack has in common.

    Args:
        engine: the prepared engine.
        directory: of the project, made here.
        program: the folder of the program, which reads the arguments that E2E_ARGUMENTS names.
        arguments: of the component, in camelCase or snake_case as programs write them.
        name: the Pulumi project's, part of every URN.
    """

    pause: ClassVar[float] = 0.2
    """Seconds between two looks at what is waited for."""
    patience: ClassVar[float] = 240.0
    """Seconds that something may take."""

    def __init__(self, engine: Engine, directory: Path, program: Path, arguments: Arguments, name: str) -> None:
        self.directory = directory
        self.base = arguments
        self.arguments = copy.deepcopy(self.base)
        self.applied: Arguments | None = None
        """The arguments of the last `up` that succeeded."""
        self._engine = engine
        self._file = directory / "arguments.json"
        (directory / "state").mkdir(parents=True)
        (directory / "Pulumi.yaml").write_text(_project(name, program))
        self.environment = {
            **engine.environment(directory / "state"),
            "E2E_ARGUMENTS": str(self._file),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.pulumi("stack", "init", STACK)

    @property
    def context(self) -> Path:
        """The context file for `etcd-ops`, which is the workload's connection file, too."""
        return Path(self.base["directory"]) / "context.json"

    def declare(self, **changes: Any) -> None:
        """Change the declaration; the next command uses it. A dictionary is merged, None removes."""
        for name, value in changes.items():
            if isinstance(value, dict) and isinstance(self.arguments.get(name), dict):
                self.arguments[name] = {**self.arguments[name], **value}
            elif value is None:
                self.arguments.pop(name, None)
            else:
                self.arguments[name] = value

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a `pulumi` command in the background, in a session of its own."""
        self._file.write_text(json.dumps({"name": "e2e", "cluster": self.arguments}))
        command = [str(self._engine.pulumi), *words, "--cwd", str(self.directory), "--non-interactive"]
        return subprocess.Popen(
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def pulumi(self, *words: str, expect: int | None = 0) -> Outcome:
        """Run a `pulumi` command to its end.

        Args:
            expect: its exit status; None for any.

        Raises:
            EngineFailed: it ended with another one.
        """
        process = self.start(*words)
        try:
            output, _ = process.communicate(timeout=UP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            raise EngineFailed(f"pulumi {' '.join(words)} hung:\n{output}") from None
        if expect is not None and process.returncode != expect:
            raise EngineFailed(f"pulumi {' '.join(words)} ended with {process.returncode}:\n{output}")
        return Outcome(process.returncode, output)

    def up(self, *words: str, fails: bool = False, **changes: Any) -> Outcome:
        """Declare `changes`, and bring the stack up."""
        self.declare(**changes)
        self.applied = None
        outcome = self.pulumi("up", "--yes", "--skip-preview", "--stack", STACK, *words, expect=None)
        if (outcome.status != 0) != fails:
            raise EngineFailed(f"pulumi up ended with {outcome.status}:\n{outcome.output}\n{self.last_words()}")
        if not fails:
            self.applied = copy.deepcopy(self.arguments)
        return outcome

    def preview(self, *words: str, fails: bool = False, **changes: Any) -> Outcome:
        """Declare `changes`, and preview them."""
        self.declare(**changes)
        outcome = self.pulumi("preview", "--stack", STACK, *words, expect=None)
        if (outcome.status != 0) != fails:
            raise EngineFailed(f"pulumi preview ended with {outcome.status}:\n{outcome.output}")
        return outcome

    def restore(self) -> None:
        """Back to the declaration that the stack was made with."""
        self.arguments = copy.deepcopy(self.base)

    def destroy(self) -> Outcome:
        """Take everything down."""
        return self.pulumi("destroy", "--yes", "--skip-preview", "--stack", STACK)

    def ops(self, *words: str, expect: int | None = 0) -> Outcome:
        """Run `etcd-ops` on this cluster."""
        command = self.within(str(ROOT / ".venv/bin/etcd-ops"), *words, "--context", str(self.context))
        done = subprocess.run(command, capture_output=True, text=True, timeout=UP_SECONDS, check=False, cwd="/")
        if expect is not None and done.returncode != expect:
            raise AssertionError(f"etcd-ops {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return Outcome(done.returncode, done.stdout + done.stderr if expect is None else done.stdout)

    def within(self, *command: str) -> list[str]:
        """A command where the members can be reached."""
        return list(command)

    def status(self) -> dict[str, Any]:
        """What `etcd-ops status --json` says now."""
        report: dict[str, Any] = json.loads(self.ops("status", "--json", expect=None).output)
        return report

    def reasons(self) -> list[str]:
        """What every declared member's agent says of it."""
        return [str(each["reason"]) for each in self.status()["members"]]

    def listed(self) -> list[dict[str, Any]]:
        """The member list, as a quorum gives it now."""
        members: list[dict[str, Any]] = json.loads(self.ops("members", "--json").output)
        return members

    def in_order(self, voters: int = 3) -> bool:
        """Every declared member is a healthy voter with the current document applied."""
        report = self.status()
        healthy = [each for each in report["members"] if each["healthy"] and each["role"] == "voter"]
        current = [each for each in report["members"] if each["generation"] == report["generation"]]
        running = [each for each in report["members"] if each["state"] == "RUNNING"]
        return len(healthy) == len(current) == len(running) == len(report["members"]) == voters

    def wait_in_order(self, voters: int = 3, seconds: float | None = None) -> None:
        """Wait until everything is in order."""
        self.eventually(lambda: self.in_order(voters), f"{voters} voters in order", seconds)

    def eventually(self, condition: Callable[[], bool], what: str, seconds: float | None = None) -> None:
        """Wait for a condition, for `patience` where no number of seconds is given.

        Whoever looks leaves as much of the machine to those who are looked at.

        Raises:
            AssertionError: it did not come true in time; with what the agents said last.
        """
        seconds = self.patience if seconds is None else seconds
        until = time.monotonic() + seconds
        while (begun := time.monotonic()) < until:
            if condition():
                return
            time.sleep(max(self.pause, time.monotonic() - begun))
        raise AssertionError(f"{what}: not after {seconds:g} s\n{self.last_words()}")

    def last_words(self) -> str:
        """The agents' newest actions, and how the members are, for a failed test."""
        return "\n".join(self.ops(*words, expect=None).output for words in (("log", "--last", "60"), ("status",)))

    @contextmanager
    def running(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """A `pulumi` command under way; killed at the end where it still runs."""
        process = self.start(*words)
        try:
            yield process
        finally:
            if process.poll() is None:
                self.applied = None
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                self.pulumi("cancel", "--yes", "--stack", STACK)

    def leader(self) -> str:
        """The leader's slot."""
        return str(next(each["name"] for each in self.status()["members"] if each["leader"]))


def _project(name: str, program: Path) -> str:
    lines = (
        f"name: {name}",
        "runtime:",
        "  name: python",
        f"  options: {{virtualenv: {ROOT / '.venv'}}}",
        f"main: {program}",
        "plugins:",
        f"  providers: [{{name: etcd, path: {ROOT / 'plugin'}}}]",
    )
    return "".join(f"{line}\n" for line in lines)
