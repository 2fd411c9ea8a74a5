"""The only source of time for agents, the lock and Rollout: the simulation replaces it."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Time as one process sees it."""

    def boottime(self) -> float:
        """Seconds that pass also while the machine sleeps, and that nobody can set (CLOCK_BOOTTIME)."""

    def wall(self) -> float:
        """Seconds since the epoch: for people, certificates and daily limits only; it may jump."""

    async def sleep(self, seconds: float) -> None:
        """Let others run for `seconds`."""


class SystemClock:
    """This machine's clock."""

    def boottime(self) -> float:
        """CLOCK_BOOTTIME, or the monotonic clock where there is none."""
        return time.clock_gettime(_BOOTTIME)

    def wall(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Let other tasks run for `seconds`."""
        await asyncio.sleep(seconds)


_BOOTTIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
