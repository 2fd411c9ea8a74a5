"""Processes by identity: a pid alone may by now be somebody else's. Standard library only.

On Linux from /proc (proc(5)); elsewhere from `ps`.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")
_LINUX = sys.platform == "linux"
_POLL_SECONDS = 0.02


class Process(NamedTuple):
    """One process, as it was when looked at."""

    pid: int
    started: str
    """When it started, in the system's own words: with the pid it names one process until the next boot."""
    parent: int
    session: int
    command: tuple[str, ...]
    """Its arguments."""


def look(pid: int) -> Process | None:
    """The process with this pid; None where there is none, or it has ended and only waits to be reaped."""
    if pid <= 0:
        return None
    return _from_proc(pid) if _LINUX else _from_ps(pid)


def alive(process: Process) -> bool:
    """Whether this very process still runs."""
    now = look(process.pid)
    return now is not None and now.started == process.started


def uptime(process: Process) -> float:
    """Seconds since it was started, also those the machine slept."""
    if not _LINUX:
        return max(0.0, time.time() - time.mktime(time.strptime(process.started, "%a %b %d %H:%M:%S %Y")))
    ticks = os.sysconf("SC_CLK_TCK")
    return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - int(process.started) / ticks)


def everyone() -> list[Process]:
    """All processes of this machine that may be looked at."""
    found = (look(pid) for pid in _pids())
    return [process for process in found if process is not None]


def family(root: Process) -> list[Process]:
    """`root`, everything that descends from it, and what shares its session unless that is the caller's own."""
    processes = everyone()
    members = {root.pid: root} if alive(root) else {}
    if root.session not in (0, os.getsid(0)):
        members.update({each.pid: each for each in processes if each.session == root.session})
    while True:
        added = {each.pid: each for each in processes if each.parent in members and each.pid not in members}
        if not added:
            return list(members.values())
        members.update(added)


def send(process: Process, number: signal.Signals) -> bool:
    """Send a signal to this very process; False where it is gone.

    Raises:
        PermissionError: it is another user's.
    """
    try:
        return _send(process, number)
    except ProcessLookupError:
        return False


def wait_gone(processes: Iterable[Process], seconds: float) -> list[Process]:
    """Wait until the processes have ended; returns those that still run after `seconds`."""
    deadline = time.monotonic() + seconds
    left = [process for process in processes if alive(process)]
    while left and time.monotonic() < deadline:
        wait_end(left[0], min(_POLL_SECONDS * 5, max(0.0, deadline - time.monotonic())))
        left = [process for process in left if alive(process)]
    return left


def wait_end(process: Process, seconds: float) -> None:
    """Return when this process ends, at the latest after `seconds`."""
    try:
        descriptor = _open(process.pid)
    except OSError:
        descriptor = None
    if descriptor is None:
        _poll_end(process, seconds)
        return
    try:
        if alive(process):
            select.select([descriptor], [], [], seconds)
    finally:
        os.close(descriptor)


def _poll_end(process: Process, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while alive(process) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def _open(pid: int) -> int | None:
    """A descriptor of the process, where the system has such a thing (Linux 5.3)."""
    return os.pidfd_open(pid) if sys.platform == "linux" and hasattr(os, "pidfd_open") else None


def _send(process: Process, number: signal.Signals) -> bool:
    descriptor = _open(process.pid)
    try:
        # Between opening and looking the pid cannot change hands: the descriptor names the process.
        if not alive(process):
            return False
        if descriptor is not None and sys.platform == "linux":
            signal.pidfd_send_signal(descriptor, number)
        else:
            os.kill(process.pid, number)
        return True
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _pids() -> list[int]:
    if _LINUX:
        return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
    output = subprocess.run(["ps", "-axo", "pid="], capture_output=True, text=True, check=True).stdout
    return [int(pid) for pid in output.split()]


def _from_proc(pid: int) -> Process | None:
    try:
        stat = (_PROC / str(pid) / "stat").read_bytes()
        command = (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return None
    return parse_stat(pid, stat, command)


def parse_stat(pid: int, stat: bytes, command: bytes) -> Process | None:
    """A process from the content of /proc/PID/stat and /proc/PID/cmdline; None for a zombie."""
    # The program's name is in parentheses and may hold any character, parentheses included.
    fields = stat[stat.rfind(b")") + 1 :].split()
    if len(fields) < 20 or fields[0] in (b"Z", b"X", b"x"):
        return None
    arguments = tuple(part.decode(errors="replace") for part in command.rstrip(b"\0").split(b"\0"))
    return Process(pid, fields[19].decode(), int(fields[1]), int(fields[3]), arguments)


def _from_ps(pid: int) -> Process | None:
    answer = subprocess.run(
        ["ps", "-ww", "-p", str(pid), "-o", "stat=,ppid=,sess=,lstart=,command="],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    return parse_ps(pid, answer.stdout) if answer.returncode == 0 else None


def parse_ps(pid: int, line: str) -> Process | None:
    """A process from a line of `ps -o stat=,ppid=,sess=,lstart=,command=`; None for a zombie."""
    fields = line.split()
    if len(fields) < 9 or fields[0].startswith("Z"):
        return None
    session = int(fields[2]) if fields[2].isdigit() else 0
    return Process(pid, " ".join(fields[3:8]), int(fields[1]), session, tuple(fields[8:]))
