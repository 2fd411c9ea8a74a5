"""The load process: `python -m tests.workload.load CONFIG`.

It ends by SIGTERM, after its duration, or when its parent has died. Unless orphaned it then reads everything
back.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from tests.workload.client import Client
from tests.workload.etcd_store import EtcdStore
from tests.workload.history import Recorder
from tests.workload.options import LoadConfig, Options
from tests.workload.read_back import read_back
from tests.workload.requests import Requests

EXIT_NO_READ_BACK = 3
EXIT_ORPHANED = 4
PARENT_CHECK = 0.2
LAG_WORTH_NOTING = 0.1
GRACE = 10.0


async def carry_load(config: LoadConfig, recorder: Recorder) -> bool:
    """Run the clients, then read everything back. Returns whether the read-back is complete."""
    options = config.options
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    watches = [asyncio.create_task(_watch_parent(config.parent)), asyncio.create_task(_watch_lag(recorder))]
    stores = [_open_store(config, first) for first in range(options.clients + 1)]
    requests = Requests(options, config.run)
    clients = [Client(index, options, store, requests, recorder) for index, store in enumerate(stores)]
    await asyncio.gather(_limit(stop, options), *(client.run(stop) for client in clients[:-1]))
    recorder.note("reading back")
    complete = await read_back(clients[-1], stores[-1], requests, recorder, config)
    for watch in watches:
        watch.cancel()
    for store in stores:
        await store.close()
    return complete


def _open_store(config: LoadConfig, first: int) -> EtcdStore:
    return EtcdStore(Path(config.connection_file), timeout=config.options.request_timeout, first=first)


async def _limit(stop: asyncio.Event, options: Options) -> None:
    try:
        await asyncio.wait_for(stop.wait(), options.max_duration)
    except asyncio.TimeoutError:
        stop.set()


async def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:  # noqa: ASYNC110  nothing announces a parent's death everywhere
        await asyncio.sleep(PARENT_CHECK)
    # Whatever was acknowledged is on file already.
    os._exit(EXIT_ORPHANED)


async def _watch_lag(recorder: Recorder) -> None:
    """Note when this process itself got no time to run, lest the cluster be blamed for the write gap."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(LAG_WORTH_NOTING / 2)
        lag = time.monotonic() - before - LAG_WORTH_NOTING / 2
        if lag > LAG_WORTH_NOTING:
            recorder.note("lag", seconds=round(lag, 3))


def main() -> int:
    config = LoadConfig.read(Path(sys.argv[1]))
    options = config.options
    # The default action of the alarm ends the process, should it hang beyond every limit.
    signal.setitimer(signal.ITIMER_REAL, options.max_duration + options.read_back_timeout + GRACE)
    recorder = Recorder(Path(config.history))
    complete = asyncio.run(carry_load(config, recorder))
    recorder.close()
    return 0 if complete else EXIT_NO_READ_BACK


if __name__ == "__main__":
    sys.exit(main())
