"""Many writers, each a process, who all try the same write at the same time; run as a program of its own.

It forks the writers, which a test's process with its threads could not do safely.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path

from etcd_ops.channel.connect import parse
from etcd_ops.channel.directory import DirectoryChannel, DirectoryConnection
from etcd_ops.channel.folder import Folder
from etcd_ops.channel.kubernetes import KubernetesChannel, KubernetesConnection
from etcd_ops.channel.port import Channel, ChannelUnavailable, Conflict, OutcomeUnknown
from etcd_ops.channel.s3 import S3Channel
from tests.channel.stores import Store, run
from tests.servers.lifetime import die_with_parent

ROOT = Path(__file__).parents[2]
HEAD_START = 0.01
"""Seconds from announcing a round to its start, by when every writer waits for it."""
PATIENCE = 40.0
"""Seconds that every writer waits for a server: SeaweedFS serves contended replacements one after another."""


@dataclass
class Options:
    """What is raced for."""

    store: Store
    writers: int
    rounds: int
    unlocked: bool = False
    """Make the directory channel compare and rename without its lock."""
    until_wrong: bool = False
    """End with the first round that went wrong."""
    name: str = ""
    """Of the object of every round; each has one of its own where none is named."""


@dataclass
class Tally:
    """What came of the rounds."""

    rounds: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)
    """Why outcomes are neither `won` nor `conflict`."""
    slowest: float = 0.0
    """Seconds of the longest round."""


def race(options: Options) -> Tally:
    """Race to create an object, then to replace it, in every round."""
    plain = replace(options, store=replace(options.store, server=None))
    answer = subprocess.run(
        [sys.executable, "-m", __name__],
        cwd=ROOT,
        input=json.dumps(asdict(plain)), stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return Tally(**json.loads(answer.stdout))


def judge(outcomes: list[str], there: int | None) -> str:
    """What is wrong with a round after which the write of writer `there` was found; empty if nothing."""
    winners = [number for number, outcome in enumerate(outcomes) if outcome == "won"]
    if len(winners) > 1:
        return f"writers {winners} all won"
    if winners and winners != [there]:
        return f"writer {winners[0]} won, but the write of {there} is there"
    if there is not None and outcomes[there] not in ("won", "unknown"):
        return f"writer {there} was told {outcomes[there]}, but its write is there"
    if there is None and not {"unknown", "unavailable"} & set(outcomes):
        return "nobody won"
    return ""


@dataclass(frozen=True)
class _Round:
    name: str
    tag: str | None
    """What is to be replaced; None to create."""
    start: float
    """CLOCK_MONOTONIC, seconds."""

    @property
    def kind(self) -> str:
        return "create" if self.tag is None else "replace"

    def data(self, writer: int) -> bytes:
        return json.dumps({"writer": writer, "kind": self.kind}).encode()

    def found(self, channel: Channel) -> int | None:
        """Whose write of this round is there."""
        entry = run(channel.read(self.name))
        content = json.loads(entry.data) if entry is not None else {}
        return int(content["writer"]) if content.get("kind") == self.kind else None


class _Unlocked(DirectoryChannel):
    @asynccontextmanager
    async def _locked(self, folder: Folder) -> AsyncIterator[None]:
        yield


def _main() -> None:
    value = json.load(sys.stdin)
    options = Options(**{**value, "store": Store(**value["store"])})
    channel = _connect(options)
    writers = [_fork(number, channel) for number in range(options.writers)]
    tally = _race(options, channel, writers)
    for writer in writers:
        writer.send(None)
    print(json.dumps(asdict(tally)))


def _connect(options: Options) -> Channel:
    connection = parse(options.store.connection)
    if options.unlocked:
        assert isinstance(connection, DirectoryConnection)
        return _Unlocked(connection.directory)
    if isinstance(connection, DirectoryConnection):
        return connection.connect()
    if isinstance(connection, KubernetesConnection):
        return KubernetesChannel(connection.place, connection.cluster, timeout=PATIENCE)
    channel = S3Channel(connection.place, prefix=connection.prefix, timeout=PATIENCE)
    channel._bucket._s3()  # the writers inherit the client, which takes long to make, and has no connection yet
    return channel


def _race(options: Options, channel: Channel, writers: list[Connection]) -> Tally:
    tally = Tally()
    for number in range(options.rounds):
        name = options.name or f"race/{number}.json"
        _hold(_Round(name, None, time.monotonic() + HEAD_START), tally, channel, writers)
        entry = run(channel.read(name))
        if entry is not None:
            _hold(_Round(name, entry.tag, time.monotonic() + HEAD_START), tally, channel, writers)
        if options.until_wrong and tally.wrong:
            break
        run(channel.delete(name))
    return tally


def _hold(heat: _Round, tally: Tally, channel: Channel, writers: list[Connection]) -> None:
    for writer in writers:
        writer.send(heat)
    answers = [writer.recv() for writer in writers]
    tally.slowest = max(tally.slowest, time.monotonic() - heat.start)
    tally.rounds += 1
    outcomes = [outcome for outcome, _ in answers]
    tally.outcomes = dict(Counter(tally.outcomes) + Counter(outcomes))
    tally.reasons = dict(Counter(tally.reasons) + Counter(reason for _, reason in answers if reason))
    problem = judge(outcomes, heat.found(channel))
    if problem:
        tally.wrong.append(f"{heat.kind} {heat.name}: {problem}")


def _fork(number: int, channel: Channel) -> Connection:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    context.Process(target=_write, args=(number, channel, theirs), daemon=True).start()
    return ours


def _write(number: int, channel: Channel, orders: Connection) -> None:
    die_with_parent()
    loop = asyncio.new_event_loop()
    while (heat := orders.recv()) is not None:
        time.sleep(max(0.0, heat.start - time.monotonic()))
        orders.send(loop.run_until_complete(_attempt(channel, heat, heat.data(number))))


async def _attempt(channel: Channel, heat: _Round, data: bytes) -> tuple[str, str]:
    try:
        if heat.tag is None:
            await channel.create(heat.name, data)
        else:
            await channel.replace(heat.name, data, heat.tag)
    except Conflict:
        return "conflict", ""
    except OutcomeUnknown as problem:
        return "unknown", str(problem)
    except ChannelUnavailable as problem:
        return "unavailable", str(problem)
    return "won", ""


if __name__ == "__main__":
    _main()
