"""The final read-back: every register once more, and all append-only keys."""

from __future__ import annotations

import asyncio
import time

from tests.workload.client import Client
from tests.workload.history import Recorder
from tests.workload.options import LoadConfig
from tests.workload.requests import Request, Requests, append_prefix
from tests.workload.store import ReadableStore, Refused

CHUNK = 500
RETRY_DELAY = 0.1


async def read_back(
    client: Client, store: ReadableStore, requests: Requests, recorder: Recorder, config: LoadConfig
) -> bool:
    """Read everything back, retrying until the deadline. Returns whether the record is complete."""
    deadline = time.monotonic() + config.options.read_back_timeout
    for key in requests.registers:
        while not await client.step(Request("get", key)):
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(RETRY_DELAY)
    return await _read_appended(store, recorder, append_prefix(config.run), deadline)


async def _read_appended(store: ReadableStore, recorder: Recorder, prefix: str, deadline: float) -> bool:
    while time.monotonic() < deadline:
        try:
            entries, revision, cluster = await store.read_back(prefix)
        except Refused as error:
            recorder.note("read-back failed", error=str(error))
            store.rotate()
            await asyncio.sleep(RETRY_DELAY)
            continue
        for start in range(0, len(entries), CHUNK):
            recorder.read_back(entries[start : start + CHUNK], revision=revision, cluster=cluster, last=False)
        recorder.read_back([], revision=revision, cluster=cluster, last=True)
        return True
    return False
