"""Nobody keeps the lock who does nothing under it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from etcd_ops.model.decisions import decide
from etcd_ops.model.facts import Facts, LockFacts
from etcd_ops.model.records import Controls, LockRecord
from etcd_ops.model.status import State
from etcd_ops.model.steps import ReleaseLock
from tests.model.test_operators_words import SLOT, facts, volume

RECORD = LockRecord(epoch=1, holder=f"{SLOT}/boot", nonce="n", term=15.0)
MINE, LEFT, FREE = LockFacts(RECORD, mine=True), LockFacts(RECORD, available=True, left=True), LockFacts(RECORD)


def without_volume(lock: LockFacts) -> Facts:
    return replace(facts(volume(), Controls()), volume=None, lock=lock)


def unmarked(lock: LockFacts) -> Facts:
    return replace(facts(volume(marked=False, has_data=False), Controls()), lock=lock)


@pytest.mark.parametrize("lock", [MINE, LEFT])
def test_who_can_do_nothing_gives_the_lock_back(lock: LockFacts) -> None:
    """An agent whose volume is away renewed it for ever, and nobody could repair anything."""
    assert isinstance(decide(without_volume(lock)).step, ReleaseLock)
    waiting = decide(unmarked(lock))
    assert isinstance(waiting.step, ReleaseLock)
    assert waiting.state is State.NEEDS_APPROVAL


def test_a_lock_that_is_not_its_own_is_left_alone() -> None:
    assert decide(without_volume(FREE)).step is None


def test_it_is_kept_until_its_own_member_is_back() -> None:
    assert decide(replace(without_volume(MINE), settling=True)).step is None


@pytest.mark.parametrize("has_data", [True, False])
def test_one_that_is_left_is_given_back_whatever_is_to_be_done(has_data: bool) -> None:
    """With data there is nothing to do that needs the lock, without it a member is to be replaced."""
    found = facts(volume(has_data=has_data), Controls())
    assert isinstance(decide(replace(found, lock=LEFT)).step, ReleaseLock)


def test_one_that_is_left_is_kept_while_its_own_member_is_down() -> None:
    """Until that is back, or out of time, nobody else should begin anything."""
    found = replace(facts(volume(), Controls()), lock=LEFT, settling=True)
    assert not isinstance(decide(found).step, ReleaseLock)
