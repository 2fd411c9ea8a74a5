"""Writers that are killed while they write; run as a program of its own, which can fork them safely."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import Any

from etcd_ops.channel.folder import TEMPORARY
from etcd_ops.channel.port import Channel, ChannelUnavailable, Conflict, Entry
from etcd_ops.channel.s3 import S3Channel
from tests.channel.stores import Store, run
from tests.servers.lifetime import die_with_parent

ROOT = Path(__file__).parents[2]
NAME = "lock.json"


@dataclass
class Options:
    """Which writers are killed, and when."""

    store: Store
    kills: int = 0
    """Writers to kill at a random moment; 0 to kill one before and one after every C function that a write calls."""
    delay: float = 0.01
    """Seconds for which a writer writes at most until it is killed."""
    seed: int = 0


@dataclass
class Report:
    """What a reader saw, and what the killed writers left."""

    kills: int = 0
    reads: int = 0
    torn: int = 0
    lost: int = 0
    """Objects that were not there any more."""
    old: int = 0
    """Kills after which the write had not happened."""
    new: int = 0
    """Kills after which it had."""
    stuck: int = 0
    """Kills after which another writer could not write."""
    leftovers: int = 0
    """Temporary files of killed writers."""


def crash(options: Options) -> Report:
    """Kill writers and look at what they left."""
    answer = subprocess.run(
        [sys.executable, "-m", __name__],
        cwd=ROOT,
        input=json.dumps(asdict(options)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Report(**json.loads(answer.stdout))


def content(number: int, size: int) -> bytes:
    """An object that shows whether it is whole."""
    body = json.dumps({"number": number, "filling": "x" * size}).encode()
    return hashlib.sha256(body).hexdigest().encode() + body


def is_whole(entry: Entry) -> bool:
    """Whether every byte of an object is there."""
    return entry.data[:64] == hashlib.sha256(entry.data[64:]).hexdigest().encode()


def _main() -> None:
    value = json.load(sys.stdin)
    options = Options(**{**value, "store": Store(**value["store"])})
    channel = options.store.connect()
    if isinstance(channel, S3Channel):
        channel._bucket._s3()  # the writers inherit the client, which has no connection yet: it takes long to make
    report = Report()
    (_kill_at_random if options.kills else _kill_everywhere)(options, channel, report)
    print(json.dumps(asdict(report)))


def _kill_at_random(options: Options, channel: Channel, report: Report) -> None:
    chance = random.Random(options.seed)
    # The parent's own calls would start threads and connections that a fork must not inherit.
    watcher = _Watcher(channel)
    for _ in range(options.kills):
        ours, theirs = multiprocessing.Pipe()
        writer = _fork(_write_for_ever, channel, theirs, chance.randrange(1, 100_000))
        ours.recv()
        time.sleep(chance.uniform(0, options.delay))
        _kill(writer)
        report.kills += 1
        watcher.ask("rewrite")
    final: Report = watcher.ask("end")
    report.reads, report.torn, report.lost, report.stuck = final.reads, final.torn, final.lost, final.stuck


def _write_for_ever(channel: Channel, began: Connection, size: int) -> None:
    number = 0
    while True:
        entry = run(channel.read(NAME))
        try:
            if entry is None:
                run(channel.create(NAME, content(number, size)))
            else:
                run(channel.replace(NAME, content(number, size), entry.tag))
        except (Conflict, ChannelUnavailable):
            continue
        if number == 0:
            began.send(None)
        number += 1


class _Watcher:
    """A process that reads all the time, and writes when asked."""

    def __init__(self, channel: Channel) -> None:
        self._ours, theirs = multiprocessing.Pipe()
        _fork(_watch, channel, theirs)

    def ask(self, order: str) -> Any:
        self._ours.send(order)
        return self._ours.recv()


def _watch(channel: Channel, orders: Connection) -> None:
    report = Report()
    written = False
    while True:
        entry = run(channel.read(NAME))
        report.reads += 1
        report.torn += entry is not None and not is_whole(entry)
        report.lost += written and entry is None
        written |= entry is not None
        if not orders.poll():
            continue
        if orders.recv() == "end":
            orders.send(report)
            return
        report.stuck += not _can_write(channel)
        orders.send(None)


def _kill_everywhere(options: Options, channel: Channel, report: Report) -> None:
    run(channel.create(NAME, content(0, 5000)))
    step = 0
    finished = False
    while not finished:
        step += 1
        before = run(channel.read(NAME))
        assert before is not None
        writer = _fork(_write_until, channel, before.tag, step)
        writer.join()
        finished = writer.exitcode == 0
        after = run(channel.read(NAME))
        report.reads += 1
        report.kills += not finished
        report.lost += after is None
        report.torn += after is not None and not is_whole(after)
        report.old += after == before
        report.new += after is not None and after != before
        report.stuck += not _can_write(channel)
        # Every leftover would make the next write a little longer, and this loop endless.
        for leftover in Path(options.store.connection["directory"]).glob(f"{TEMPORARY}*"):
            leftover.unlink()
            report.leftovers += 1


def _write_until(channel: Channel, tag: str, step: int) -> None:
    run(_count_and_write(channel, tag, step))


async def _count_and_write(channel: Channel, tag: str, left: int) -> None:
    data = content(left, 5000)

    def count(_frame: FrameType, event: str, _function: object) -> None:
        nonlocal left
        if event in ("c_call", "c_return"):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    await channel.replace(NAME, data, tag)
    sys.setprofile(None)


def _can_write(channel: Channel) -> bool:
    """The killed writer's last request may come between a read and a write, and once only."""
    return any(_writes(channel) for _ in range(2))


def _writes(channel: Channel) -> bool:
    try:
        entry = run(channel.read(NAME))
        if entry is not None:
            run(channel.replace(NAME, entry.data, entry.tag))
    except (Conflict, ChannelUnavailable) as problem:
        print(problem, file=sys.stderr)
        return False
    return True


def _fork(function: Callable[..., None], *arguments: object) -> BaseProcess:
    process = multiprocessing.get_context("fork").Process(target=_run, args=(function, *arguments), daemon=True)
    process.start()
    return process


def _run(function: Callable[..., None], *arguments: object) -> None:
    die_with_parent()
    function(*arguments)


def _kill(process: BaseProcess) -> None:
    process.kill()
    process.join()


if __name__ == "__main__":
    _main()
