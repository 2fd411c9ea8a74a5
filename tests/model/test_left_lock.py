"""A lock that names this agent, and that it does not hold any more, is given back before anything else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from etcd_ops.model.decisions import decide
from etcd_ops.model.facts import LockFacts
from etcd_ops.model.records import Controls
from etcd_ops.model.steps import ReleaseLock
from tests.model.test_operators_words import facts, volume

LEFT = LockFacts(None, left=True)


@pytest.mark.parametrize("has_data", [True, False])
def test_it_is_given_back_whatever_is_to_be_done(has_data: bool) -> None:
    """With data there is nothing to do that needs the lock, without it a member is to be replaced."""
    found = facts(volume(has_data=has_data), Controls())
    assert isinstance(decide(replace(found, lock=LEFT)).step, ReleaseLock)


def test_not_while_its_own_member_is_still_down() -> None:
    """Until that is back, or out of time, nobody else should begin anything."""
    found = replace(facts(volume(), Controls()), lock=LEFT, settling=True)
    assert not isinstance(decide(found).step, ReleaseLock)
