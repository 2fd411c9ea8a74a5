"""The Python that a project's runtime options choose, and what is installed there."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from pulumi.runtime.proto import language_pb2

LIST_PACKAGES = Path(__file__).with_name("list_packages.py")


class ProjectError(Exception):
    """The project's options or environment do not work; the message says what to do."""


@dataclass(frozen=True)
class Package:
    """One installed distribution."""

    name: str
    version: str
    needs: list[str]
    plugin: dict[str, Any] | None
    """Its pulumi-plugin.json."""


class Interpreter:
    """The interpreter of one project, plugin or policy pack."""

    def __init__(self, info: language_pb2.ProgramInfo, default: str = "") -> None:
        """Reads the runtime options.

        Args:
            info: names the project's folder and options.
            default: the virtual environment where the options name none; "" for the `python3` on PATH.

        Raises:
            ProjectError: the options choose a toolchain that is not pip.
        """
        options = json_format.MessageToDict(info.options)
        toolchain = options.get("toolchain", "pip")
        if toolchain != "pip":
            raise ProjectError(f"runtime.options.toolchain: {toolchain!r} is not supported here, only pip")
        name = options.get("virtualenv") or default
        self.environment_folder = Path(info.root_directory, name) if name else None

    @property
    def python(self) -> str:
        """The interpreter's path or command."""
        if self.environment_folder is None:
            return os.environ.get("PULUMI_PYTHON_CMD", "python3")
        return str(self.environment_folder / "bin" / "python")

    @property
    def missing(self) -> bool:
        """Whether the chosen virtual environment does not exist."""
        return self.environment_folder is not None and not Path(self.python).exists()

    def check(self) -> None:
        """Raises ProjectError if the chosen virtual environment does not exist."""
        if self.missing:
            raise ProjectError(
                f"runtime.options.virtualenv: {self.environment_folder} is not a virtual environment; "
                "run `pulumi install`, or make it and install requirements.txt"
            )

    def environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """The variables to start the interpreter with: those of `base`, and the virtual environment."""
        variables = dict(os.environ if base is None else base)
        if self.environment_folder is not None:
            variables["VIRTUAL_ENV"] = str(self.environment_folder)
            path = variables.get("PATH", "")
            variables["PATH"] = f"{self.environment_folder / 'bin'}{os.pathsep}{path}"
            variables.pop("PYTHONHOME", None)
        return variables

    def ask(self, *arguments: str) -> str:
        """The output of the interpreter run with these arguments.

        Raises:
            ProjectError: the virtual environment is missing, or the interpreter failed.
        """
        self.check()
        command = [self.python, *arguments]
        try:
            done = subprocess.run(command, env=self.environment(), capture_output=True, text=True, check=True)
        except subprocess.CalledProcessError as problem:
            raise ProjectError(f"{' '.join(command)}: {problem.stderr.strip()}") from problem
        except OSError as problem:
            raise ProjectError(f"{self.python} cannot be started: {problem}") from problem
        return done.stdout

    def packages(self) -> list[Package]:
        """What is installed, by name."""
        found = [Package(**entry) for entry in json.loads(self.ask(str(LIST_PACKAGES)))]
        return sorted(found, key=lambda package: package.name)
