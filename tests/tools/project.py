"""A Pulumi project in a temporary folder, run by the clone's engine with a backend of its own."""

from __future__ import annotations

import json
import subprocess
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools import python_environment
from tools.engine import Engine

STACK = "test"

TIMEOUT = 90.0


@dataclass(frozen=True)
class Project:
    folder: Path
    pulumi: Path
    environment: dict[str, str]
    timeout: float = TIMEOUT
    """Seconds for one command."""

    @classmethod
    def make(cls, engine: Engine, folder: Path, name: str = "probe") -> Project:
        backend = folder / "state"
        backend.mkdir(parents=True)
        (folder / "Pulumi.yaml").write_text(
            f"name: {name}\nruntime: {{name: python, options: {{virtualenv: {python_environment.FOLDER}}}}}\n"
        )
        project = cls(folder, engine.pulumi, engine.environment(backend))
        project.write("")
        project.succeed("stack", "init", STACK)
        return project

    def write(self, program: str) -> None:
        (self.folder / "__main__.py").write_text(textwrap.dedent(program))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.pulumi, "--non-interactive", "--color", "never", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=self.timeout,
            check=False,
        )

    @contextmanager
    def starting(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A command under way, in a process group of its own; killed where it still runs at the end."""
        process = subprocess.Popen(
            [self.pulumi, "--non-interactive", "--color", "never", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def succeed(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, f"{arguments}:\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def fail(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode != 0, f"{arguments} succeeded:\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def up(self) -> str:
        return self.succeed("up", "--yes", "--skip-preview")

    def outputs(self, *, show_secrets: bool = False) -> dict[str, Any]:
        shown: dict[str, Any] = json.loads(self.succeed_quietly("stack", "output", "--json", secrets=show_secrets))
        return shown

    def succeed_quietly(self, *arguments: str, secrets: bool = False) -> str:
        done = self.run(*arguments, *(["--show-secrets"] if secrets else []))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def steps(self) -> dict[str, str]:
        """What a preview would do, by the resource's name."""
        plan = json.loads(self.succeed_quietly("preview", "--json"))
        return {step["urn"].split("::")[-1]: step["op"] for step in plan["steps"]}
