"""The machine that the figures are of."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from tools.engine import Engine

BUSY = 0.5
"""Processes per core, on average over the minute before, above which other load was present."""


@dataclass(frozen=True)
class Machine:
    """What a reader has to know to judge the figures."""

    lines: tuple[str, ...]

    def markdown(self) -> str:
        """As a list."""
        return "".join(f"- {line}\n" for line in self.lines)


def describe(engine: Engine, load: float) -> Machine:
    """This machine.

    Args:
        engine: the one that is measured.
        load: processes that ran or waited, on average over the minute before.
    """
    return Machine(tuple(_lines(engine, load)))


def load_average() -> float:
    """Processes that run or wait, on average over the last minute."""
    return os.getloadavg()[0]


def _lines(engine: Engine, load: float) -> Iterator[str]:
    cores = len(os.sched_getaffinity(0))
    memory = psutil.virtual_memory().total / 2**30
    yield f"{cores} cores ({_processor()}), {memory:.0f} GiB of memory, {_filesystem()}"
    yield f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    official = "official release" if engine.official else "built from its Go module; language host and TLS stand-ins"
    yield f"pulumi {_version([str(engine.pulumi), 'version'])} ({official})"
    yield f"etcd {_version([str(engine.etcd / 'etcd'), '--version']).removeprefix('etcd Version: ')}"
    other = f"other load was present: {load:.1f} processes on average" if load > BUSY * cores else "no other load"
    yield f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC; at the start {other}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _filesystem() -> str:
    """Of the folder in which clusters are made."""
    folder = Path("/tmp")
    mounts = [part for part in psutil.disk_partitions(all=True) if folder.is_relative_to(part.mountpoint)]
    found = max(mounts, key=lambda part: len(part.mountpoint), default=None)
    return f"{found.fstype} on /tmp" if found else "an unknown file system"


def _version(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    return done.stdout.splitlines()[0].strip()
