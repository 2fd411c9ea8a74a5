"""The processes of members on nodes, all of which are on this machine."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil

from tests.nodes.namespaces import PREFIX


def agents(zone: str) -> list[psutil.Process]:
    """The agents on a zone's node."""
    return [each for each in _on(zone) if "agent --volume" in " ".join(each.info["cmdline"] or ())]


def etcds(zone: str) -> list[psutil.Process]:
    """The processes of etcd on a zone's node."""
    return [each for each in _on(zone) if each.info["name"] == "etcd"]


def one(found: list[psutil.Process]) -> psutil.Process:
    """The only one of them."""
    (process,) = found
    return process


def is_told_to_end(process: psutil.Process) -> bool:
    """SIGTERM waits for it (proc(5): `ShdPnd`)."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    pending = next(int(line.split()[1], 16) for line in lines if line.startswith("ShdPnd:"))
    return bool(pending & 1 << (signal.SIGTERM - 1))


def _on(zone: str) -> list[psutil.Process]:
    return [each for each in psutil.process_iter(["name", "cmdline"]) if _is_on(each, zone)]


def _is_on(process: psutil.Process, zone: str) -> bool:
    try:
        return f"/{PREFIX}-{zone}/" in Path(f"/proc/{process.pid}/cgroup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
