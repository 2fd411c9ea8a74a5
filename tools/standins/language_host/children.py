"""The processes that a host started for the engine, and how they end."""

import signal
import subprocess
import threading
from pathlib import Path
from typing import IO

import grpc

GRACE = 5.0
"""Seconds between the interrupt and the kill: what the engine itself gives a cancelled plugin."""


class Children:
    """Running child processes; each ends with the call that it serves."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()

    def start(
        self,
        context: grpc.ServicerContext,
        command: list[str],
        folder: Path | str,
        environment: dict[str, str],
        *,
        stdout: int | IO[bytes] | None = None,
        stderr: int | IO[bytes] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Starts a child, which is interrupted when its call ends before it does."""
        child = subprocess.Popen(command, cwd=folder, env=environment, stdout=stdout, stderr=stderr)
        self._running.add(child)
        if not context.add_callback(lambda: self.stop(child)):
            self.stop(child)
        return child

    def stop(self, child: subprocess.Popen[bytes]) -> None:
        """Interrupts a child, and kills it if that does not help."""
        self._running.discard(child)
        if child.poll() is not None:
            return
        child.send_signal(signal.SIGINT)
        timer = threading.Timer(GRACE, child.kill)
        timer.daemon = True
        timer.start()

    def stop_all(self) -> None:
        """Interrupts every child."""
        for child in list(self._running):
            self.stop(child)
