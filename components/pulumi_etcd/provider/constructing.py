"""Where components are constructed: beside the loop that serves resources, never in it.

The SDK registers every child of a component in a thread of its loop's executor, which waits for the engine, which in
turn waits for this provider's own resources. In one loop, a component of more children than threads would wait for
itself; and a constructor that obtains a program would keep everybody else waiting.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import grpc

T = TypeVar("T")

REGISTRATIONS = 64
"""Children of components that are registered at the same time."""


class Aborted(Exception):
    """The SDK wants the call to end with this status."""

    def __init__(self, status: grpc.Status) -> None:
        super().__init__(status.details)
        self.status = status


class AbortingContext:
    """Stands between the SDK and the call's own context, which belongs to another loop."""

    async def abort_with_status(self, status: grpc.Status) -> None:
        """End the call.

        Raises:
            Aborted: always.
        """
        raise Aborted(status)


class ConstructionLoop:
    """An event loop in a thread of its own; both end with the process."""

    def __init__(self) -> None:
        """Start the thread."""
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(REGISTRATIONS, "register"))
        threading.Thread(target=self._loop.run_forever, name="construct", daemon=True).start()

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` over there; cancelling the caller cancels it."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))
