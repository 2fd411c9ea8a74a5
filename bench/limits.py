"""Bounds in time: no benchmark hangs, and every one cleans up."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn


class TookTooLong(AssertionError):
    """A benchmark did not end within its bound."""


@contextmanager
def within(limit: float, what: str) -> Iterator[None]:
    """Raise in the main thread once `limit` seconds are over; cleaning up is not bounded by it."""

    def ring(*_: object) -> NoReturn:
        raise TookTooLong(f"{what}: not within {limit:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def until(condition: Callable[[], bool], what: str, limit: float = 60.0, poll: float = 0.01) -> float:
    """Wait for a condition; how many seconds it took.

    Raises:
        TookTooLong: it did not come true in time.
    """
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > limit:
            raise TookTooLong(f"{what}: not within {limit:g} s")
        time.sleep(poll)
    return time.monotonic() - begun
