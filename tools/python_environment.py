"""The clone's virtual environment, exactly as uv.lock says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from etcd_ops.programs import pypi
from etcd_ops.programs.cache import Cache
from etcd_ops.programs.progress import run, say
from tools import ROOT

FOLDER = ROOT / ".venv"

UV_VERSION = "0.13.9"
"""The uv that is taken from the package index where PATH has none that is new enough."""

UV_REQUIREMENTS = ROOT / "tools" / "requirements" / "uv.txt"

OWN = ("components", "policies", "plugin", "tools")
"""Folders with the modules that run again and again."""

OLDEST_UV = (0, 9)
"""What reads the revision of uv.lock."""

SYSTEM = Path("/usr/bin")

IN_PIECES = ("bz2", "ctypes", "lzma", "sqlite3", "ssl", "uuid", "zoneinfo")
"""Modules that need libraries of others, or are in packages of their own."""


def sync(cache: Cache) -> None:
    """Makes the environment what uv.lock says; quick when it is already.

    Raises:
        ObtainError: uv or a package could not be obtained.
    """
    chosen = {"UV_PROJECT_ENVIRONMENT": str(FOLDER)}
    if not FOLDER.exists():
        say("making the Python environment in .venv")
        chosen["UV_PYTHON"] = os.environ.get("UV_PYTHON") or str(interpreter())
    inherited = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    compiling = ["--compile-bytecode"] if _unwritten() else []
    command: list[str | Path] = [uv(cache), "sync", "--frozen", "--quiet", *compiling]
    run(command, "installing the Python packages", folder=ROOT, environment={**inherited, **chosen})
    if compiling:
        own: list[str | Path] = [FOLDER / "bin" / "python", "-m", "compileall", "-q", *OWN]
        run(own, "compiling the project's modules", folder=ROOT)


def interpreter(system: Path = SYSTEM) -> Path:
    """The Python that the environment is made of: this one, or the system's of the same version where that is faster.

    What a version manager compiles on a machine is optimised only where it was asked to, and takes a third more time
    for all that tests and agents do; distributions ship what `--enable-optimizations` makes
    (https://docs.python.org/3.11/using/configure.html#cmdoption-enable-optimizations).

    Args:
        system: the folder of the system's programs.
    """
    this = Path(sys.executable).resolve()
    if "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or ""):
        return this
    other = system / f"python{sys.version_info.major}.{sys.version_info.minor}"
    return other if _is_whole(other) else this


def _is_whole(python: Path) -> bool:
    """Whether it is there with all of its standard library, which some distributions ship in pieces."""
    command = [str(python), "-I", "-c", f"import {', '.join(IN_PIECES)}"]
    return python.is_file() and subprocess.run(command, capture_output=True, check=False).returncode == 0


def _unwritten() -> bool:
    """Whether Python is told to keep no bytecode: each of a hundred processes would compile all that it imports."""
    return bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))


def uv(cache: Cache) -> Path:
    """The uv command: from PATH if it is new enough, else from the Python package index."""
    found = shutil.which("uv")
    if found and _version(found) >= OLDEST_UV:
        return Path(found)
    return pypi.install(cache, "uv", UV_VERSION, UV_REQUIREMENTS) / "bin" / "uv"


def _version(command: str) -> tuple[int, ...]:
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"uv (\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if found else ()
