"""An etcd that somebody else started on a volume: found by the database it holds open, ended by pid (Linux)."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from etcd_ops.runtime.port import RuntimeUnavailable
from etcd_ops.zone.process import Process, look, send, wait_gone

KILL_SECONDS = 5.0
"""Seconds for a killed process to be gone."""


def holder(data: Path, proc: Path = Path("/proc")) -> Process | None:
    """The process that holds the database of this data directory open; None where none that may be looked at does."""
    try:
        found = (data / "member" / "snap" / "db").stat()
    except FileNotFoundError:
        return None
    database = (found.st_dev, found.st_ino)
    for folder in proc.iterdir():
        if folder.name.isdigit() and _holds(folder, database):
            return look(int(folder.name))
    return None


def _holds(folder: Path, database: tuple[int, int]) -> bool:
    """By the file itself: in a container it has another name than outside."""
    try:
        return any(_identity(each) == database for each in (folder / "fd").iterdir())
    except OSError:
        return False  # it has ended meanwhile, or is another user's


def _identity(descriptor: Path) -> tuple[int, int] | None:
    try:
        found = descriptor.stat()
    except OSError:
        return None  # closed meanwhile, or no file
    return found.st_dev, found.st_ino


class ForeignProcess:
    """Whoever runs the member of one data directory outside of its runtime."""

    def __init__(self, data: Path) -> None:
        self._data = data

    async def end(self, grace: float) -> None:
        """End it: SIGTERM, then SIGKILL after `grace` seconds. Idempotent; nothing happens where nobody holds the data.

        Raises:
            RuntimeUnavailable: it could not be ended.
        """
        await asyncio.to_thread(self._end, grace)

    def _end(self, grace: float) -> None:
        process = holder(self._data)
        if process is None:
            return
        try:
            for number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, KILL_SECONDS)):
                if not send(process, number) or not wait_gone([process], seconds):
                    return
        except PermissionError as problem:
            raise RuntimeUnavailable(f"process {process.pid} holds the data, and is another user's") from problem
        raise RuntimeUnavailable(f"process {process.pid} holds the data, and does not end")
