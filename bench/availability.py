"""What a client that goes on to the next member sees of a rolling restart, and of a leader that is killed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

from bench.limits import until
from bench.members import Members
from tests.workload.history import Tail
from tests.workload.options import Options
from tests.workload.report import Report
from tests.workload.workload import Workload

NOTICED = 0.1
"""Seconds without an acknowledged write from which on it is counted; the load writes about every 8 ms."""
KILLS = 12
LOAD = Options(clients=5, rate=200.0)
_NANOSECONDS = 1e9


@dataclass(frozen=True)
class Interruption:
    """One disturbance under load, whose history was judged."""

    longest: float
    """Seconds of the longest time without an acknowledged write."""
    total: float
    """Seconds of all such times from `NOTICED` on."""
    client: float
    """Seconds of the longest time in which one client got nothing acknowledged, its retries included."""
    failed: int
    """Requests that were refused or not answered, whose client went on to the next member."""
    acknowledged: int
    """Requests."""


def during(
    connection: Path,
    directory: Path,
    disturb: Callable[[], object],
    within: Callable[..., list[str]] = lambda *command: list(command),
) -> Interruption:
    """Disturb a cluster once, under load.

    Args:
        connection: to the cluster.
        directory: for the load.
        disturb: does so, and returns once all is over.
        within: turns the load's command into one that becomes it where members are reached.
    """
    with Workload(connection, directory, LOAD, within=within) as load:
        load.wait_for(acknowledged=100)
        with load.mark("disturbance"):
            disturb()
        load.wait_for(acknowledged=100)
    return _interruption(load.check(), directory)


def leader_kills(
    connection: Path, directory: Path, kill: Callable[[str], object], settled: Callable[[], bool]
) -> list[float]:
    """Kill the leader again and again, under load: the write gap of each time, in seconds.

    Args:
        connection: to the cluster.
        directory: for the load.
        kill: kills the member of a name; somebody starts it again.
        settled: whether everybody is back.
    """
    members = Members(connection)
    with Workload(connection, directory, LOAD) as load:
        for number in range(KILLS):
            until(lambda: settled() and members.healthy(), "every member serves", poll=0.2)
            load.wait_for(acknowledged=100)
            leader = members.leader()
            with load.mark(f"kill {number}"):
                kill(leader)
                load.wait_for(acknowledged=50)
    report = load.check()
    return [report.gap(f"kill {number}") for number in range(KILLS)]


def typical(gaps: Sequence[float]) -> float:
    """The median: elections take between one and two timeouts, at random."""
    return median(gaps)


def _interruption(report: Report, directory: Path) -> Interruption:
    (phase,) = report.phases
    writes = sorted(each.time for each in report.outcomes if each.write and phase.start < each.time < phase.end)
    gaps = [(after - before) / _NANOSECONDS for before, after in pairwise([phase.start, *writes, phase.end])]
    summary = report.phase(phase.name)
    return Interruption(
        longest=summary.longest_write_gap,
        total=sum(gap for gap in gaps if gap >= NOTICED),
        client=_worst_client(directory / "history.jsonl", phase.start, phase.end),
        failed=summary.failed + summary.unknown,
        acknowledged=summary.acknowledged,
    )


def _worst_client(history: Path, start: int, end: int) -> float:
    clients: dict[int, int] = {}
    answers: dict[int, list[int]] = {}
    for event in Tail(history).events():
        if event["event"] == "invoke":
            clients[event["id"]] = event["client"]
        elif event["event"] == "ok" and start < event["time"] < end:
            answers.setdefault(clients[event["id"]], []).append(event["time"])
    gaps = (later - earlier for times in answers.values() for earlier, later in pairwise([start, *times, end]))
    return max(gaps) / _NANOSECONDS
