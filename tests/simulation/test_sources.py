"""Where etcd's program comes from is away for a while, or does not have it: the shipped agents and rollout."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from random import Random

import pytest

from etcd_ops.model.status import State
from tests.simulation.light import light
from tests.simulation.run import Run, Setting
from tests.simulation.world import World

AWAY = 45.0


@pytest.fixture
def formed() -> Iterator[Run]:
    with light(), closing(Run(World(Random(1), None, None), Setting(members=3, version="3.6.15"))) as run:
        assert up(run) == "done"
        yield run


def up(run: Run) -> str:
    run.stack.up()
    while run.stack.task is not None:
        run.go_on(1.0)
    return run.stack.result


def test_a_rollout_waits_for_a_source_that_is_away(formed: Run) -> None:
    formed.world.sources_away_until = formed.world.now() + AWAY
    assert formed.plan(version="3.7.2")
    formed.stack.up()
    formed.go_on(AWAY - 10.0)
    statuses = formed.held().statuses.values()
    assert [(each.state, each.failed) for each in statuses] == [(State.WORKING, None)] * 3
    assert all("connection reset" in each.reason for each in statuses)
    assert up(formed) == "done"


def test_a_rollout_ends_where_the_source_does_not_have_it(formed: Run) -> None:
    formed.world.sources.clear()
    assert formed.plan(version="3.7.2")
    before = formed.world.now()
    assert up(formed) == "failed"
    assert formed.world.now() - before < AWAY
