"""What the agents take: resident memory, and share of a core."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType

import psutil

from bench.figures import Figure
from tests.e2e.stack import SLOTS

MEMORY_AIM = 120 * 2**20
"""Bytes resident."""
IDLE_AIM = 0.01
"""Of a core."""
IDLE_SECONDS = 30.0
_SAMPLE = 0.25


class Watch:
    """Samples the agents while a block runs; one that ends and is started again is followed.

    Args:
        agent_pid: the agent's process, by slot; a LookupError where there is none.
    """

    def __init__(self, agent_pid: Callable[[str], int]) -> None:
        self._agent_pid = agent_pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._processes: dict[str, psutil.Process] = {}
        self._spent: dict[int, tuple[float, float]] = {}
        """By pid: processor seconds when first and when last seen."""
        self._begun = 0.0
        self.memory = 0
        """Bytes resident of the largest agent at any time."""
        self.share = 0.0
        """Of a core, per agent, on average over the block."""

    def __enter__(self) -> Watch:
        self._begun = time.monotonic()
        self._sample()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._sample()
        spent = sum(last - first for first, last in self._spent.values())
        self.share = spent / (time.monotonic() - self._begun) / len(SLOTS)

    def _run(self) -> None:
        while not self._over.wait(_SAMPLE):
            self._sample()

    def _sample(self) -> None:
        for slot in SLOTS:
            try:
                process = self._process(slot)
                memory, times = process.memory_info().rss, process.cpu_times()
            except (psutil.NoSuchProcess, LookupError):
                self._processes.pop(slot, None)
                continue
            self.memory = max(self.memory, memory)
            now = times.user + times.system
            self._spent[process.pid] = (self._spent.get(process.pid, (now, now))[0], now)

    def _process(self, slot: str) -> psutil.Process:
        if slot not in self._processes:
            self._processes[slot] = psutil.Process(self._agent_pid(slot))
        return self._processes[slot]


def idle(agent_pid: Callable[[str], int]) -> Watch:
    """Watch agents that have nothing to do; nobody else asks anything meanwhile."""
    with Watch(agent_pid) as watch:
        time.sleep(IDLE_SECONDS)
    return watch


def figures(watches: Sequence[tuple[str, Watch]]) -> list[Figure]:
    """Memory and processor, by what went on."""
    found = []
    for what, watch in watches:
        memory = f"{watch.memory / 2**20:.0f} MiB"
        aim = f"under {MEMORY_AIM / 2**20:.0f} MiB"
        found.append(Figure(f"agent's memory, {what}", memory, aim=aim, met=watch.memory < MEMORY_AIM))
    for what, watch in watches:
        aim, met = ("under 1 % of a core", watch.share < IDLE_AIM) if what == "idle" else ("", None)
        found.append(Figure(f"agent's processor time, {what}", f"{watch.share:.2%} of a core", aim=aim, met=met))
    return found
