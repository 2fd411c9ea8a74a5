"""Requests that may be sent until a certain moment, by calls that know nothing of asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from etcd_ops.agent.ports import PodOutcomeUnknown, TimeLeft

T = TypeVar("T")


def require(left: TimeLeft) -> float:
    """The seconds that are left; asked right before anything is sent.

    Raises:
        OSError: there are none.
    """
    if (seconds := left()) <= 0:
        raise OSError("the time for this step ran out before it was sent")
    return seconds


async def within(left: TimeLeft, call: Callable[[], T]) -> T:
    """Run `call` in a thread, and wait for as long as there is time.

    Args:
        left: until when.
        call: goes on in its thread where it takes longer, and so has to `require` time itself.

    Raises:
        OSError: there is none.
        PodOutcomeUnknown: it has not ended.
    """
    seconds = require(left)
    try:
        return await asyncio.wait_for(asyncio.to_thread(call), seconds)
    except asyncio.TimeoutError as problem:
        raise PodOutcomeUnknown("no answer in time") from problem


async def seen_within(seconds: float, look: Callable[[], bool]) -> bool:
    """What a look in a thread tells; true where it cannot be had within so many seconds."""
    try:
        return await asyncio.wait_for(asyncio.to_thread(look), seconds)
    except (asyncio.TimeoutError, OSError):
        return True
