"""One program of a supervisord: its state, and starting and stopping it for certain."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from etcd_ops.zone.process import Process, look, wait_gone
from etcd_ops.zone.rpc import Fault, RpcFault, RpcUnavailable, call

ALIVE = frozenset({"STARTING", "RUNNING", "STOPPING"})
"""States in which the program has a process."""
_STARTED = frozenset({"STARTING", "RUNNING", "BACKOFF"})
"""States that a stop changes."""
_KILL_SECONDS = 5.0
_POLL_SECONDS = 0.02


class StillRunning(Exception):
    """A process was told to end and did not."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program of a supervisord.

    Args:
        socket: supervisord's Unix socket.
        name: the program's name.
        final: exit statuses after which supervisord does not start it again by itself.
        timeout: seconds that supervisord may take for one answer.
    """

    socket: Path
    name: str
    final: frozenset[int] = frozenset()
    timeout: float = 5.0

    def call(self, method: str, *arguments: object) -> object:
        """One call about this program.

        Raises:
            RpcUnavailable, RpcFault
        """
        answer: object = call(self.socket, f"supervisor.{method}", self.name, *arguments, timeout=self.timeout)
        return answer

    def state(self) -> ProgramState:
        """The program now.

        Raises:
            RpcUnavailable, RpcFault: such as for an unknown name.
        """
        info = self.call("getProcessInfo")
        if not isinstance(info, dict):
            raise RpcUnavailable(f"supervisord on {self.socket} answered {info!r}")
        return ProgramState(
            str(info["statename"]), int(info["pid"]), int(info["exitstatus"]), str(info["spawnerr"]), int(info["stop"])
        )

    def at_rest(self, found: ProgramState) -> bool:
        """No process of the program runs, and supervisord will start none by itself."""
        if found.state == "EXITED":
            return found.exit_status in self.final
        return found.state in ("STOPPED", "FATAL")

    def ask(self, method: str, *arguments: object, ignore: Fault) -> None:
        """A call for which the fault `ignore` means that what it asks for is already so."""
        try:
            self.call(method, *arguments)
        except RpcFault as fault:
            if fault.code != ignore:
                raise

    def log_tail(self, size: int) -> str:
        """The last `size` bytes that the program printed; empty where it never ran."""
        try:
            return str(self.call("readProcessStdoutLog", -size, 0))
        except RpcFault as fault:
            if fault.code in (Fault.NO_FILE, Fault.FAILED):
                return ""
            raise


@dataclass(frozen=True, slots=True)
class ProgramState:
    """What supervisord says about one program."""

    state: str
    pid: int
    exit_status: int
    error: str
    ended_at: int
    """When a process of it ended last, in seconds of the epoch; 0 where none has."""

    @property
    def process(self) -> Process | None:
        """Its process, where it has one."""
        return look(self.pid) if self.state in ALIVE else None


def start_program(program: Program, begun: Callable[[Process], bool], seconds: float) -> None:
    """Start a program and return once it runs, or has already failed; waits for a launcher that is still at work.

    Args:
        program: what to start.
        begun: tells whether a process of the program is past its launcher.
        seconds: how long a launcher may take.

    Raises:
        RpcUnavailable, RpcFault
    """
    deadline = time.monotonic() + seconds
    asked = False
    while time.monotonic() < deadline:
        found = program.state()
        process = found.process
        if process is not None and found.state != "STOPPING" and begun(process):
            return
        if found.state not in ALIVE:
            if asked:
                return
            _spawn(program, found.state)
            asked = True
        time.sleep(_POLL_SECONDS)


def stop_program(program: Program, grace: float) -> None:
    """Stop a program: SIGTERM, SIGKILL after `grace` seconds; returns once its process is proved gone.

    Raises:
        RpcUnavailable, RpcFault
        StillRunning: it could not be ended.
    """
    before = program.state().process
    if not _brought_down(program, grace):
        program.ask("signalProcess", "KILL", ignore=Fault.NOT_RUNNING)
        if not _brought_down(program, _KILL_SECONDS):
            raise StillRunning(f"{program.name} did not end within {grace + _KILL_SECONDS:.0f} s")
    if before is not None and wait_gone([before], _KILL_SECONDS):
        raise StillRunning(f"process {before.pid} of {program.name} did not end")


def _spawn(program: Program, state: str) -> None:
    if state == "BACKOFF":
        # Supervisord takes a program that waits for its next try as started.
        program.ask("stopProcess", False, ignore=Fault.NOT_RUNNING)
    try:
        program.ask("startProcess", False, ignore=Fault.ALREADY_STARTED)
    except RpcFault as fault:
        if fault.code != Fault.SPAWN_ERROR:
            raise


def _brought_down(program: Program, seconds: float) -> bool:
    """Stop it until it stays down: one that has just crashed is about to be started again."""
    deadline = time.monotonic() + seconds
    while not program.at_rest(found := program.state()):
        if found.state in _STARTED:
            program.ask("stopProcess", False, ignore=Fault.NOT_RUNNING)
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
