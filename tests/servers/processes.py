"""Processes of a server, each with a log of its own, ended with whoever started them."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from tests.servers.freezing import frozen
from tests.servers.lifetime import die_with_parent

_GRACE = 10.0
"""Seconds that a process gets to end by itself."""


class Processes:
    """By name; ended in the reverse order of their start."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Start a process in a session of its own."""
        with (self._logs / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - only prctl
            )  # fmt: skip

    def __contains__(self, name: str) -> bool:
        return name in self._running

    def stop(self, name: str, how: signal.Signals = signal.SIGTERM) -> None:
        """End one process; it is killed where it does not end by itself."""
        process = self._running.pop(name)
        process.send_signal(how)
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def stop_all(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End every process, the newest first."""
        for name in reversed(list(self._running)):
            self.stop(name, how)

    def frozen(self, name: str) -> AbstractContextManager[None]:
        """Stop a process from running for a while: it takes connections, and answers later."""
        return frozen(self._running[name].pid)

    def wait_for(self, what: str, is_so: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until something is so.

        Raises:
            RuntimeError: it took too long, or a process ended; with the ends of the logs of those that ended.
        """
        deadline = time.monotonic() + seconds
        while not is_so():
            ended = [name for name, process in self._running.items() if process.poll() is not None]
            if ended or time.monotonic() > deadline:
                ends = "\n".join(f"{name}: {self.end_of_log(name)}" for name in ended)
                raise RuntimeError(f"{what}: not within {seconds:g} s; ended: {', '.join(ended) or 'none'}\n{ends}")
            time.sleep(0.1)

    def end_of_log(self, name: str) -> str:
        """The last lines that a process printed."""
        return (self._logs / f"{name}.log").read_text(errors="replace")[-2000:]
