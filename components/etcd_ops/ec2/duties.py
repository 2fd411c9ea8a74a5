"""What is done again and again beside the agent's own loop, which no service that is slow or away may hold up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from etcd_ops.volume.errors import VolumeError

_LOOK_SECONDS = 1.0


@dataclass
class Duty:
    """One thing to do.

    Args:
        name: what the log calls it.
        act: does it; raises OSError, ValueError or VolumeError where it cannot be done now.
        every: seconds from one success to the next.
        again: seconds from a failure to the next attempt.
        urgent: whether it has to be done before its time; asked often.
    """

    name: str
    act: Callable[[], None]
    every: float
    again: float = 5.0
    urgent: Callable[[], bool] = lambda: False
    _next: float = 0.0
    _earliest: float = 0.0
    _problem: str = field(default="", repr=False)

    def due(self, now: float) -> bool:
        """Whether it is to be done."""
        return now >= self._earliest and (now >= self._next or self.urgent())

    def do(self, now: float, log: Callable[[str, dict[str, object]], None]) -> None:
        """Do it; each new problem is logged once."""
        try:
            self.act()
        except (OSError, ValueError, VolumeError) as problem:
            if str(problem) != self._problem:
                log(f"{self.name} failed", {"problem": str(problem)})
            self._problem = str(problem)
            self._next = self._earliest = now + self.again
            return
        if self._problem:
            log(f"{self.name} succeeded again", {})
        self._problem = ""
        self._next, self._earliest = now + self.every, now + self.again


async def attend(duties: Sequence[Duty], log: Callable[[str, dict[str, object]], None]) -> None:
    """Do every duty when it is due, for ever, each beside the others."""

    async def one(duty: Duty) -> None:
        while True:
            if duty.due(time.monotonic()):
                await asyncio.to_thread(duty.do, time.monotonic(), log)
            await asyncio.sleep(_LOOK_SECONDS)

    await asyncio.gather(*(one(duty) for duty in duties))
