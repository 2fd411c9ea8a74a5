"""Finding a zone's own daemons: by pid file, verified by command line. Standard library only."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from etcd_ops.zone.paths import ZonePaths
from etcd_ops.zone.process import Process, everyone, look

SUPERVISOR_MODULE = "supervisor.supervisord"
WATCHDOG_MODULE = "etcd_ops.zone.watchdog"
_POLL_SECONDS = 0.002


def supervisor_command(python: str, paths: ZonePaths) -> list[str]:
    """How this zone's supervisord is started; its last argument is of no other zone."""
    return [python, "-m", SUPERVISOR_MODULE, "-n", "-c", str(paths.configuration)]


def watchdog_command(python: str, paths: ZonePaths) -> list[str]:
    """How this zone's watchdog is started."""
    return [python, "-m", WATCHDOG_MODULE, str(paths.directory)]


def find_supervisor(paths: ZonePaths) -> Process | None:
    """This zone's running supervisord."""
    return _find(paths.supervisor_pid, SUPERVISOR_MODULE, str(paths.configuration))


def find_watchdog(paths: ZonePaths) -> Process | None:
    """This zone's running watchdog."""
    return _find(paths.watchdog_pid, WATCHDOG_MODULE, str(paths.directory))


def spawned(pid: int, command: Sequence[str]) -> Process | None:
    """A process that was just started, once it shows its own command line; None where it has ended.

    For a moment after exec there is none to see, and nobody would find it by that.
    """
    while (process := look(pid)) is not None and process.command[-1] != command[-1]:
        time.sleep(_POLL_SECONDS)
    return process


def _find(pid_file: Path, module: str, subject: str) -> Process | None:
    def ours(process: Process) -> bool:
        return module in process.command and process.command[-1] == subject

    noted = look(_noted_pid(pid_file))
    if noted is not None and ours(noted):
        return noted
    # The file may be missing, half written, or of before a reboot: the command line names the zone as well.
    return next(filter(_leader(ours), everyone()), None)


def _leader(ours: Callable[[Process], bool]) -> Callable[[Process], bool]:
    """A child that supervisord has forked but not yet executed has its command line, but another parent's session."""
    return lambda process: ours(process) and process.session in (process.pid, 0)


def _noted_pid(path: Path) -> int:
    try:
        return int(path.read_text())
    except (FileNotFoundError, ValueError):
        return 0
