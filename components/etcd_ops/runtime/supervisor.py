"""A member's etcd as a program of its zone's supervisord."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from etcd_ops.model.facts import ProcessFacts
from etcd_ops.runtime.etcd_process import is_etcd
from etcd_ops.runtime.log_tail import explain
from etcd_ops.runtime.port import RuntimeUnavailable
from etcd_ops.zone.configuration import REFUSED
from etcd_ops.zone.process import uptime
from etcd_ops.zone.programs import Program, ProgramState, StillRunning, start_program, stop_program
from etcd_ops.zone.rpc import RpcFault, RpcUnavailable

RPC_SECONDS = 5.0
"""A supervisord that takes longer for one answer hangs: it keeps nothing that takes time."""
LAUNCH_SECONDS = 10.0
"""For the launcher, which may read the channel (2 s) and outlives a refusal (1.2 s)."""
_KILL_SECONDS = 20.0
"""On top of the grace: for SIGKILL to take effect, and for answers."""
_LOG_BYTES = 20_000
_STOPPED = frozenset({"STOPPED", "STOPPING"})
_TRYING = frozenset({"STARTING", "RUNNING"})
"""With a process that is not etcd: the launcher is at work."""

Result = TypeVar("Result")


class SupervisorRuntime:
    """Implements `etcd_ops.runtime.port.Runtime`.

    Args:
        socket: the Unix socket of the zone's supervisord.
        program: the name of the member's program there.
        timeout: seconds that supervisord may take for one answer.
    """

    def __init__(self, socket: Path, program: str, timeout: float = RPC_SECONDS) -> None:
        self._program = Program(socket, program, frozenset({REFUSED}), timeout)
        self._failed = ""
        """Why the newest start ended, for as long as only supervisord tries again."""
        self._ended_at: int | None = None
        """When a try had ended last, as seen since etcd was last asked for or seen; None where nobody has looked."""

    async def process(self) -> ProcessFacts:
        """The process now; a launcher that is still at work is not etcd yet, and what failed before it is not mended.

        Raises:
            RuntimeUnavailable
        """
        return await self._within(self._process, self._program.timeout * 2)

    async def start(self) -> None:
        """Ask for etcd to run; returns once it does, or has already failed. Idempotent.

        Raises:
            RuntimeUnavailable
        """
        self._failed = ""
        await self._within(self._start, LAUNCH_SECONDS + self._program.timeout * 3)

    async def stop(self, grace: float) -> None:
        """End etcd: SIGTERM, then SIGKILL after `grace` seconds; returns once it is gone. Idempotent.

        Raises:
            RuntimeUnavailable: also when the process could not be proved gone.
        """
        self._failed, self._ended_at = "", None
        await self._within(lambda: stop_program(self._program, grace), grace + _KILL_SECONDS)

    async def _within(self, action: Callable[[], Result], seconds: float) -> Result:
        """Run blocking calls in a thread, and believe nothing that takes too long."""
        try:
            return await asyncio.wait_for(asyncio.to_thread(action), seconds)
        except (RpcUnavailable, RpcFault, StillRunning, PermissionError) as problem:
            raise RuntimeUnavailable(str(problem)) from problem
        except asyncio.TimeoutError as problem:
            raise RuntimeUnavailable(f"{self._program.name}: no answer within {seconds:.0f} s") from problem

    def _start(self) -> None:
        self._ended_at = self._program.state().ended_at
        start_program(self._program, is_etcd, LAUNCH_SECONDS)
        self._process()  # it may have failed already, and its launcher be at work again before anybody looks

    def _process(self) -> ProcessFacts:
        found = self._program.state()
        process = found.process
        if process is not None and is_etcd(process):
            self._failed, self._ended_at = "", None
            return ProcessFacts(running=True, pid=process.pid, uptime=uptime(process))
        if found.state in _STOPPED:
            self._failed = ""
        elif found.state not in _TRYING or self._ended_at not in (None, found.ended_at):
            self._failed = self._failure(found)
        self._ended_at = found.ended_at
        return ProcessFacts(running=False, failure=self._failed)

    def _failure(self, found: ProgramState) -> str:
        reason = explain(self._program.log_tail(_LOG_BYTES))
        if found.state in _TRYING:
            return reason or "it ended, and is tried again"
        return reason or f"{found.state}: {found.error or f'exit status {found.exit_status}'}"
