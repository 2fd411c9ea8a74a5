"""A running cluster that is disturbed: what clients see, how soon it is whole again, and what the agents take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import availability, clusters, footprint, replacement
from bench.alone import Alone
from bench.availability import Interruption
from bench.figures import Figure, Section, middle, seconds, times
from bench.footprint import Watch
from bench.members import Members
from tests.e2e.stack import Stack
from tools.engine import Engine

ELECTION_TIMEOUT = 1.0
"""Seconds, of the default declaration."""
KILL_AIM = 1.5
REPLACEMENT_AIM = 15.0
"""Seconds."""


@dataclass(frozen=True)
class Findings:
    """Everything that was measured on one cluster, and on etcd alone."""

    rolling: Interruption
    kills: Sequence[float]
    kills_alone: Sequence[float]
    replaced: float
    replacing: Interruption
    watches: Sequence[tuple[str, Watch]]


def measure(engine: Engine) -> tuple[Section, Section]:
    """Availability, and footprint."""
    found = _find(engine)
    remark = (
        f"Five clients send {availability.LOAD.rate:.0f} requests a second, two thirds of them writes, and go on to "
        "the next member after a failure; their history was judged linearizable, with nothing acknowledged lost. Times "
        f"without an acknowledged write count from {seconds(availability.NOTICED)} on. Killed leaders: medians of "
        f"{availability.KILLS} and their range; an election begins after one to two timeouts, at random."
    )
    memory = "Agents only: resident memory of the largest at any time, processor time of the average one."
    return (
        Section("What clients see", tuple(_availability(found)), remark),
        Section("What the agents take", tuple(footprint.figures(found.watches)), memory),
    )


def _find(engine: Engine) -> Findings:
    with clusters.folder() as folder:
        with clusters.declared(engine) as stack:
            stack.up()
            idle = footprint.idle(stack.agent_pid)
            with Watch(stack.agent_pid) as rolling_watch:
                rolling = availability.during(stack.context, folder / "rolling", lambda: _roll(stack))
            with Watch(stack.agent_pid) as kill_watch:
                kills = _kill_leaders(stack, folder / "kills")
            replacement.fill(stack)
            replaced: list[float] = []
            with Watch(stack.agent_pid) as replacing_watch:
                replacing = availability.during(
                    stack.context, folder / "replacing", lambda: replaced.append(replacement.measure(stack))
                )
            alone = Alone(stack, folder / "alone")
        with alone.started():
            kills_alone = availability.leader_kills(
                alone.connection, folder / "kills-alone", alone.kill, Members(alone.connection).healthy
            )
    watches = [("idle", idle), ("rolling restart", rolling_watch), ("leaders killed", kill_watch)]
    watches.append(("disk of 300 MB replaced", replacing_watch))
    return Findings(rolling, kills, kills_alone, replaced[0], replacing, watches)


def _roll(stack: Stack) -> None:
    stack.up(etcd={"quota_backend_bytes": 3 * 1024**3})


def _kill_leaders(stack: Stack, directory: Path) -> list[float]:
    def kill(slot: str) -> None:
        stack.kill(stack.member_pid(slot))

    return availability.leader_kills(stack.context, directory, kill, Members(stack.context).healthy)


def _availability(found: Findings) -> list[Figure]:
    rolling, replacing = found.rolling, found.replacing
    kills, alone = availability.typical(found.kills), availability.typical(found.kills_alone)
    requests = f"{rolling.failed} of {rolling.failed + rolling.acknowledged} requests"
    return [
        Figure("rolling restart of all members: time without an acknowledged write, in total", seconds(rolling.total),
               f"{seconds(ELECTION_TIMEOUT)}: one election timeout", times(rolling.total / ELECTION_TIMEOUT),
               "under one election timeout", rolling.total < ELECTION_TIMEOUT),
        Figure("… the longest such time", seconds(rolling.longest)),
        Figure("… longest wait of one client, its retries included", seconds(rolling.client),
               aim="every write succeeds after retry", met=rolling.client < 2 * availability.LOAD.request_timeout),
        Figure("… requests that a client had to send again", requests),
        Figure("leader killed: time without an acknowledged write", middle(found.kills),
               f"{middle(found.kills_alone)}: etcd alone", f"{kills / alone:.2f}x",
               f"at most {KILL_AIM}x", kills <= KILL_AIM * alone),
        Figure("wiped disk to full voter, database of 300 MB, under load", seconds(found.replaced),
               aim=f"under {REPLACEMENT_AIM:.0f} s", met=found.replaced < REPLACEMENT_AIM),
        Figure("… time without an acknowledged write meanwhile, in total", seconds(replacing.total)),
    ]  # fmt: skip
