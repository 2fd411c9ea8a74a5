"""Stands in for the clock: sleeping takes no time and lets the world go on."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class VirtualClock:
    def __init__(self) -> None:
        self.now = 1000.0
        self.events: list[tuple[float, Callable[[], None]]] = []

    def boottime(self) -> float:
        return self.now

    def wall(self) -> float:
        return 1_800_000_000.0 + self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        due = [event for event in self.events if event[0] <= self.now]
        self.events = [event for event in self.events if event[0] > self.now]
        for _, happen in sorted(due, key=lambda event: event[0]):
            happen()

    def after(self, seconds: float, happen: Callable[[], None]) -> None:
        """Let something happen once that much time has passed."""
        self.events.append((self.now + seconds, happen))


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end without an event loop: whoever awaits anything that is not given to it fails here."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    work.close()
    raise AssertionError("it waits for something of the outside world")
