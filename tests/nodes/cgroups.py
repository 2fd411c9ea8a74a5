"""A cgroup of its own for each node, as its machine would be."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

ROOT = Path("/sys/fs/cgroup")
_REMOVAL = 10.0
"""Seconds that the kernel may take to let go of a cgroup whose processes have ended."""


def controllers() -> list[Path]:
    """The hierarchies of version 1, and the one of version 2 beside them; or that alone."""
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT]
    return sorted(path for path in ROOT.iterdir() if (path / "cgroup.procs").exists())


def make(name: str) -> None:
    """Make the cgroup in every hierarchy."""
    for hierarchy in controllers():
        group = hierarchy / name
        group.mkdir(exist_ok=True)
        for inherited in ("cpuset.cpus", "cpuset.mems"):
            # Version 1 begins with none, and nothing can be started there.
            if (hierarchy / "tasks").exists() and (group / inherited).exists():
                (group / inherited).write_text((hierarchy / inherited).read_text())


def kill(name: str) -> None:
    """Kill every process in the cgroup."""
    for hierarchy in controllers():
        for tasks in (hierarchy / name).rglob("cgroup.procs"):
            for pid in map(int, tasks.read_text().split()):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def remove(name: str) -> None:
    """Remove the cgroup, and all in it, once its processes are gone."""
    for hierarchy in controllers():
        for group in sorted((hierarchy / name).rglob("*/"), reverse=True):
            _remove(group)
        _remove(hierarchy / name)


def clear(prefix: str) -> None:
    """Kill and remove every cgroup whose name begins like this."""
    for name in {path.name for hierarchy in controllers() for path in hierarchy.glob(f"{prefix}*")}:
        kill(name)
        remove(name)


@retry(retry=retry_if_exception_type(OSError), stop=stop_after_delay(_REMOVAL), wait=wait_fixed(0.05), reraise=True)
def _remove(group: Path) -> None:
    if group.exists():
        group.rmdir()
