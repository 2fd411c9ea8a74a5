"""What a project's, plugin's or policy pack's folder holds, and what follows from it."""

import re
import sys
from pathlib import Path

from pulumi.runtime.proto import language_pb2

from tools.standins.language_host.interpreter import Interpreter, ProjectError


def installation(interpreter: Interpreter, info: language_pb2.ProgramInfo, *, is_plugin: bool) -> list[list[str]]:
    """The commands that install a project's dependencies with pip."""
    folder = Path(info.program_directory)
    steps = []
    if interpreter.missing:
        steps.append([sys.executable, "-m", "venv", str(interpreter.environment_folder)])
    pip = [interpreter.python, "-m", "pip", "install", "--disable-pip-version-check"]
    if is_plugin and package_name(folder):
        steps.append([*pip, str(folder)])
    listed = [place / "requirements.txt" for place in (folder, Path(info.root_directory))]
    nearest = next((path for path in listed if path.exists()), None)
    if nearest:
        steps.append([*pip, "-r", str(nearest)])
    return steps


def plugin_command(folder: Path) -> list[str]:
    """How Python starts the plugin in a folder: its `__main__.py`, or the SDK's own launcher for a package.

    Raises:
        ProjectError: the folder holds neither.
    """
    if (folder / "__main__.py").exists():
        return [str(folder)]
    name = package_name(folder)
    if name is None:
        raise ProjectError(f"{folder} has neither __main__.py nor a pyproject.toml with a name and a build-backend")
    return ["-m", "pulumi.run.plugin", name]


def package_name(folder: Path) -> str | None:
    """The name of the distribution that can be built from a folder; None if there is none.

    Read by pattern: the standard library parses TOML only from Python 3.11 on.
    """
    path = folder / "pyproject.toml"
    text = path.read_text() if path.exists() else ""
    if not re.search(r"^build-backend\s*=", text, re.MULTILINE):
        return None
    found = re.search(r"^\[project\]\s*$(?:\n(?!\[).*)*?\nname\s*=\s*[\"']([^\"']+)", text, re.MULTILINE)
    return found[1] if found else None


def link(requirements: Path, paths: list[str]) -> None:
    """Adds each SDK's folder to a requirements file, unless it is listed already."""
    lines = requirements.read_text().splitlines() if requirements.exists() else []
    lines += [path for path in paths if path not in lines]
    requirements.write_text("".join(f"{line}\n" for line in lines))
