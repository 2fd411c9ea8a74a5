"""One client: a request at a time, paced, each recorded before it is sent and when its outcome is known."""

from __future__ import annotations

import asyncio
import time

from tests.workload.history import Recorder
from tests.workload.options import Options
from tests.workload.requests import Request, Requests
from tests.workload.store import Refused, Store, Uncertain


class Client:
    """A client of a cluster.

    Args:
        index: which client; also its first process ID.
        options: pace and number of clients.
        store: its own connection.
        requests: the generator, shared with the other clients.
        recorder: the history, shared with the other clients.
    """

    def __init__(self, index: int, options: Options, store: Store, requests: Requests, recorder: Recorder) -> None:
        self._index = index
        self._process = index
        self._options = options
        self._store = store
        self._requests = requests
        self._recorder = recorder

    async def run(self, stop: asyncio.Event) -> None:
        """Send requests until told to stop; the one in flight is completed."""
        options = self._options
        due = time.monotonic() + options.interval * self._index / options.clients
        moves = time.monotonic() + options.dwell
        while not await _stopped_until(stop, due):
            if time.monotonic() >= moves:
                self._store.rotate()
                moves = time.monotonic() + options.dwell
            await self.step(self._requests.draw())
            # What a slow answer delayed is not made up for: the load stays under its rate at all times.
            due = max(due + options.interval, time.monotonic())

    async def step(self, request: Request) -> bool:
        """Carry out one request; after a failure go on to the next endpoint.

        Returns whether it was acknowledged.
        """
        self._store.refresh()
        number = self._recorder.invoke(self._process, request, client=self._index, endpoint=self._store.endpoint)
        try:
            answer = await self._store.perform(request)
        except Refused as error:
            self._recorder.fail(number, str(error))
        except Uncertain as error:
            self._recorder.unknown(number, str(error))
            # The operation stays open, and a process has only one open operation.
            self._process += self._options.clients + 1
        else:
            self._recorder.ok(number, answer)
            self._requests.learn(request, answer)
            return True
        self._store.rotate()
        return False


async def _stopped_until(stop: asyncio.Event, due: float) -> bool:
    """Wait until a time of the monotonic clock, or until told to stop, which is what it returns."""
    left = due - time.monotonic()
    if left <= 0:
        # A client whose requests fail at once must not keep the others from running.
        await asyncio.sleep(0)
        return stop.is_set()
    try:
        await asyncio.wait_for(stop.wait(), left)
    except asyncio.TimeoutError:
        return False
    return True
