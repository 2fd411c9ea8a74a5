"""A cluster that somebody else started is moved over and back while agents, members and requests fail."""

from __future__ import annotations

from collections import Counter

import pytest

from etcd_ops.model import migration, migration_changes
from tests.simulation.migrations import play
from tests.simulation.run import Failed

SCHEDULES = 100
UNGUARDED = 60
"""Schedules among which one is found that needs the guard."""

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("migrations")]


def test_schedules_are_safe_and_reach_their_end() -> None:
    counts: Counter[str] = Counter()
    ends = Counter(play(seed, counts) for seed in range(SCHEDULES))
    assert min(ends["moved over"], ends["moved back"]) >= SCHEDULES // 5
    needed = {"AddLearner", "PromoteLearner", "RemoveMember", "TransferLeadership", "SetDataAside"}
    assert {each for each in needed if not counts[f"step {each}"]} == set()
    assert counts["change an old member comes back"]
    assert counts["fault really killed in mid-step"] and counts["fault really stalled in mid-step"]


def _hasty(this: migration._Standing) -> migration.Next:
    """Removes members of the origin as soon as one declared member votes."""
    leaving = dict(this.sides.origin)
    voting = any(not each.learner for each in this.sides.ours.values())
    return migration.Next(migration._removed(this, leaving) if leaving and voting else None)


def _careless(this: migration._Standing) -> migration.Next:
    """Removes declared members whoever is left of the origin."""
    return migration.Next(migration._removed(this, this.sides.ours) if this.sides.ours else None)


def test_without_the_guard_the_origin_is_given_up_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge notices where members of the origin go before every declared one is a healthy voter."""
    monkeypatch.setattr(migration, "_taking_over", _hasty)
    with pytest.raises(Failed, match="do not stand in for it"):
        _play_all(UNGUARDED)


def test_without_the_guards_an_origin_is_left_that_is_not_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both the preview's and the agents'."""
    monkeypatch.setattr(migration, "_leaving", _careless)
    monkeypatch.setattr(migration_changes, "_left", lambda new, observed: iter(()))
    with pytest.raises(Failed, match="from an origin that is not complete"):
        _play_all(UNGUARDED)


def _play_all(schedules: int) -> None:
    for seed in range(schedules):
        play(seed)
