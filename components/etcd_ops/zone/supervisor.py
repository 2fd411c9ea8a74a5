"""Making, starting, stopping, inspecting and removing a zone."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from etcd_ops.volume.durable import make_directory, remove_file, write_file
from etcd_ops.zone.configuration import render_supervisor
from etcd_ops.zone.daemon import spawn
from etcd_ops.zone.environment import clean_environment
from etcd_ops.zone.errors import ZoneError
from etcd_ops.zone.identity import find_supervisor, find_watchdog, spawned, watchdog_command
from etcd_ops.zone.lock import zone_lock
from etcd_ops.zone.paths import ZonePaths, unusable
from etcd_ops.zone.process import Process, family, send, wait_gone
from etcd_ops.zone.revive import START_SECONDS, ensure_supervisor
from etcd_ops.zone.rpc import RpcFault, RpcUnavailable, call
from etcd_ops.zone.settings import ZoneSettings, encode_settings, read_settings

STOP_SECONDS = 60.0
"""Agents (10 s) and then etcd (30 s) may use all their time to stop."""
_INSPECT_SECONDS = 2.0
_KILL_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class ProgramFacts:
    """One program of a zone, in supervisord's words."""

    state: str
    """STOPPED, STARTING, RUNNING, BACKOFF, STOPPING, EXITED, FATAL or UNKNOWN."""
    pid: int | None
    description: str = ""


@dataclass(frozen=True, slots=True)
class ZoneFacts:
    """A zone as it is now."""

    exists: bool
    supervisor_pid: int | None = None
    watchdog_pid: int | None = None
    answering: bool = False
    """The supervisor answers on its socket."""
    stopped: bool = False
    """Stopped on purpose: nothing starts it but `start_zone`."""
    programs: dict[str, ProgramFacts] = field(default_factory=dict)
    reason: str = ""
    """Why it is not up; empty where it is."""

    @property
    def up(self) -> bool:
        """Supervisor and watchdog run, and the supervisor answers."""
        return self.supervisor_pid is not None and self.watchdog_pid is not None and self.answering


def create_zone(paths: ZonePaths, python: str = sys.executable, object_store: bool = False) -> None:
    """Write a zone's files; starts nothing. Idempotent: a running supervisor sees the change when it is started.

    Args:
        paths: the zone.
        python: the interpreter that has `etcd_ops` and supervisor.
        object_store: whether agents reach an object store and need its variables of the environment.

    Raises:
        ZoneError: the directory cannot be used.
        OSError
    """
    problem = unusable(paths.root) or unusable(paths.socket)
    if problem:
        raise ZoneError(f"directory: {problem}")
    make_directory(paths.members)
    settings = ZoneSettings(python, paths.socket, object_store)
    write_file(paths.settings, encode_settings(settings))
    write_file(paths.configuration, render_supervisor(paths, settings.socket).encode())


def start_zone(paths: ZonePaths, seconds: float = START_SECONDS) -> ZoneFacts:
    """Start the supervisor and the watchdog, whichever does not run. Idempotent.

    Args:
        paths: the zone.
        seconds: how long the supervisor may take to answer.

    Raises:
        ZoneError: the zone was not made, or its supervisor does not come up.
        OSError
    """
    with zone_lock(paths, seconds):
        remove_file(paths.stopped)
        ensure_supervisor(paths, seconds)
        _ensure_watchdog(paths)
    return inspect_zone(paths)


def stop_zone(paths: ZonePaths, grace: float = STOP_SECONDS) -> None:
    """Stop a zone on purpose: watchdog, agents, etcd, supervisor; it stays stopped. Idempotent.

    Args:
        paths: the zone.
        grace: seconds for an orderly stop; what is left then is killed.

    Raises:
        ZoneError: something could not be ended.
    """
    if not paths.directory.is_dir():
        return
    with zone_lock(paths, grace):
        write_file(paths.stopped, b"")
        watchdog, supervisor = find_watchdog(paths), find_supervisor(paths)
        if watchdog is not None:
            _end([watchdog], signal.SIGTERM, _KILL_SECONDS)
        if supervisor is not None:
            _stop_supervisor(paths, supervisor, grace)
        remove_file(paths.watchdog_pid)


def remove_zone(paths: ZonePaths, grace: float = STOP_SECONDS) -> None:
    """Stop a zone and delete its files, its logs included. Idempotent.

    Raises:
        ZoneError: something could not be ended.
        OSError
    """
    stop_zone(paths, grace)
    socket = paths.socket
    if paths.directory.exists():
        shutil.rmtree(paths.directory)
    socket.unlink(missing_ok=True)
    _remove_if_empty(socket.parent)
    _remove_if_empty(paths.directory.parent)


def inspect_zone(paths: ZonePaths) -> ZoneFacts:
    """The zone as it is now; changes nothing."""
    if not paths.settings.exists():
        return ZoneFacts(exists=False, reason=f"{paths.directory} was not made")
    supervisor, watchdog = find_supervisor(paths), find_watchdog(paths)
    programs, silent = _programs(paths) if supervisor else ({}, "the supervisor does not run")
    stopped = paths.stopped.exists()
    return ZoneFacts(
        exists=True,
        supervisor_pid=supervisor.pid if supervisor else None,
        watchdog_pid=watchdog.pid if watchdog else None,
        answering=not silent,
        stopped=stopped,
        programs=programs,
        reason="it is stopped on purpose" if stopped else silent or ("" if watchdog else "it has no watchdog"),
    )


def _programs(paths: ZonePaths) -> tuple[dict[str, ProgramFacts], str]:
    """What supervisord runs, or why it does not say."""
    try:
        answer = call(paths.socket, "supervisor.getAllProcessInfo", timeout=_INSPECT_SECONDS)
    except (RpcUnavailable, RpcFault) as problem:
        return {}, str(problem)
    return {str(each["name"]): _program(each) for each in answer}, ""


def _program(info: dict[str, Any]) -> ProgramFacts:
    return ProgramFacts(str(info["statename"]), int(info["pid"]) or None, str(info["description"]))


def _ensure_watchdog(paths: ZonePaths) -> None:
    if find_watchdog(paths) is not None:
        return
    settings = read_settings(paths)
    environment = clean_environment(os.environ, settings.object_store)
    command = watchdog_command(settings.python, paths)
    pid = spawn(command, paths.directory, paths.output, environment)
    write_file(paths.watchdog_pid, f"{pid}\n".encode())
    if spawned(pid, command) is None:
        raise ZoneError(f"the watchdog of zone {paths.zone} ended at its start: see {paths.output}")


def _stop_supervisor(paths: ZonePaths, supervisor: Process, grace: float) -> None:
    """Let supervisord end its programs and itself; then end what is left of them."""
    everything = family(supervisor)
    try:
        # It acts on a call at once, on a signal only at its next look.
        call(paths.socket, "supervisor.shutdown", timeout=_INSPECT_SECONDS)
    except (RpcUnavailable, RpcFault):
        send(supervisor, signal.SIGTERM)
    wait_gone([supervisor], grace)
    _end([*everything, *family(supervisor)], signal.SIGKILL, _KILL_SECONDS)


def _end(processes: Iterable[Process], number: signal.Signals, seconds: float) -> None:
    """End processes with a signal, and with SIGKILL those that do not heed it."""
    left = list(processes)
    for attempt in (number, signal.SIGKILL):
        for process in left:
            send(process, attempt)
        left = wait_gone(left, seconds)
    if left:
        raise ZoneError(f"processes {', '.join(str(process.pid) for process in left)} could not be ended")


def _remove_if_empty(folder: Path) -> None:
    """Delete a folder that zones share, if this was the last one; another may be removed at the same moment."""
    try:
        folder.rmdir()
    except OSError as problem:
        if problem.errno not in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST):
            raise
