"""A process that does not run for a while: it takes connections, and answers later."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SECONDS = 10.0
"""For all of its threads to stop."""


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Stop a process, whole, until the block ends.

    Raises:
        AssertionError: it did not stop.
    """
    os.kill(pid, signal.SIGSTOP)
    try:
        _wait_until_stopped(pid)
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _wait_until_stopped(pid: int) -> None:
    """The signal reaches one thread at a time, and one that runs may still answer."""
    deadline = time.monotonic() + _SECONDS
    while _states(pid) != {"T"}:
        assert time.monotonic() < deadline, f"process {pid} did not stop"
        time.sleep(0.01)


def _states(pid: int) -> set[str]:
    """Of its threads (proc(5): the state follows the name in parentheses)."""
    return {task.read_text().rpartition(")")[2].split()[0] for task in Path(f"/proc/{pid}/task").glob("*/stat")}
