"""The etcd program that a local cluster runs: one the user names, one on PATH, or a pinned one that is obtained."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from functools import lru_cache
from pathlib import Path

from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.model.spec import Binary
from etcd_ops.programs import etcd
from etcd_ops.programs.progress import ObtainError

VERSION_SECONDS = 10.0
"""Within which a program must say its version."""


def find(version: str, path: str | None) -> Binary:
    """The program of a version.

    Args:
        version: such as `3.6.15`.
        path: the program that the user names; None to look for one on PATH, in the cache, and at its publisher's.

    Raises:
        Invalid: it is not there, not of that version, or not to be had.
    """
    program = _named(version, Path(path)) if path else _obtained(version)
    stat = program.stat()
    return Binary(source=str(program), sha256=_sha256(program, stat.st_mtime_ns, stat.st_size))


def _named(version: str, program: Path) -> Path:
    if not program.is_absolute() or not program.is_file() or not os.access(program, os.X_OK):
        raise Invalid([Problem("etcd.path", f"{program} is not the absolute path of a program")])
    found = _version(program)
    if found != version:
        reason = f"{program} is etcd {found}" if found else f"{program} does not say that it is etcd"
        raise Invalid([Problem("etcd.path", reason, f"name a program of etcd {version}, or leave the path out")])
    return program


def _obtained(version: str) -> Path:
    try:
        return etcd.obtain(version) / "etcd"
    except ObtainError as problem:
        remedy = f"use one of {', '.join(etcd.versions())}, or name the program as etcd.path"
        raise Invalid([Problem("etcd.version", str(problem), remedy)]) from problem


def _version(program: Path) -> str:
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=VERSION_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r"etcd Version: (\S+)", done.stdout)
    return found[1] if found else ""


@lru_cache
def _sha256(program: Path, _mtime_ns: int, _size: int) -> str:
    """Hashed once per content: a stack may hold a hundred clusters."""
    digest = hashlib.sha256()
    with program.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
