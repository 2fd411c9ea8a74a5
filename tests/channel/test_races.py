"""Many writers, one winner: what the lock and the formation record stand on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from etcd_ops.channel.port import LOCK
from tests.channel.conftest import MakeStore, directory_store
from tests.channel.race import Options, Tally, judge, race

WRITERS = 12
ROUNDS = {"directory": 40, "seaweedfs": 5, "kubernetes": 40}
"""Each to create and to replace. SeaweedFS takes up to three seconds for a contended replacement.

moto is not among them: its server checks and writes in two steps, and under load several writers win.
"""
FULL = 40


def check(tally: Tally, rounds: int) -> None:
    print(tally)
    assert tally.wrong == []
    assert tally.rounds == 2 * rounds
    assert tally.outcomes == {"won": 2 * rounds, "conflict": 2 * rounds * (WRITERS - 1)}, tally.reasons


@pytest.mark.timeout(180)
@pytest.mark.parametrize("kind", ROUNDS)
def test_of_many_writers_one_wins(kind: str, make_store: MakeStore) -> None:
    check(race(Options(make_store(kind), WRITERS, ROUNDS[kind])), ROUNDS[kind])


@pytest.mark.timeout(180)
def test_of_many_writers_one_gets_the_lock_of_kubernetes(make_store: MakeStore) -> None:
    """It is a Lease, where everything else is a ConfigMap."""
    rounds = ROUNDS["kubernetes"]
    check(race(Options(make_store("kubernetes"), WRITERS, rounds, name=LOCK)), rounds)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not os.environ.get("SOAK"), reason="takes minutes: set SOAK=1")
def test_of_many_writers_one_wins_on_seaweedfs_for_long(make_store: MakeStore) -> None:
    check(race(Options(make_store("seaweedfs"), WRITERS, FULL)), FULL)


def test_the_race_shows_a_channel_without_its_lock(tmp_path: Path) -> None:
    tally = race(Options(directory_store(tmp_path), WRITERS, 500, unlocked=True, until_wrong=True))
    print(tally)
    assert tally.wrong


@pytest.mark.parametrize(
    ("outcomes", "there", "problem"),
    [
        (["won", "conflict"], 0, ""),
        (["unknown", "conflict"], 0, ""),
        (["unknown", "conflict"], None, ""),
        (["unavailable", "conflict"], None, ""),
        (["won", "won"], 0, "all won"),
        (["won", "conflict"], 1, "the write of 1 is there"),
        (["won", "unknown"], 1, "the write of 1 is there"),
        (["conflict", "conflict"], 0, "told conflict"),
        (["unavailable", "conflict"], 0, "told unavailable"),
        (["conflict", "conflict"], None, "nobody won"),
    ],
)
def test_judges_a_round(outcomes: list[str], there: int | None, problem: str) -> None:
    assert problem in judge(outcomes, there)
    assert bool(problem) == bool(judge(outcomes, there))
