"""Schedules that hypothesis makes; and whatever fails is made short enough to be read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis.errors import NoSuchExample

from tests.simulation.guards import GUARDS
from tests.simulation.run import Event, Failed
from tests.simulation.schedules import Schedule, directed, provoke, schedule_of
from tests.simulation.shrinking import failure, schedules, shrink

EXAMPLES = 250
GATE = next(each for each in GUARDS if each.name == "safety gate")


@pytest.mark.timeout(900)
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(schedules())
def test_schedules_of_hypothesis_are_safe_and_come_to_rest(schedule: Schedule) -> None:
    said = failure(schedule)
    assert said == ""


def breaks(schedule: Schedule) -> bool:
    """Whether something happens without the gate that must not."""
    with GATE.remove():
        try:
            provoke(schedule)
        except Failed:
            return True
    return False


@pytest.mark.timeout(300)
def test_hypothesis_shrinks_what_breaks_without_the_gate() -> None:
    kinds = ("configuration", "etcd killed", "zone off")
    few = settings(max_examples=300, deadline=None, derandomize=True, phases=(Phase.generate, Phase.shrink))
    try:
        found = find(schedules(1, kinds), breaks, settings=few)
    except NoSuchExample:
        pytest.fail("300 schedules without a gate, and nothing was noticed")
    assert len(found.events) <= 8


@pytest.mark.timeout(300)
def test_a_failing_seed_shrinks_and_replays() -> None:
    schedule = next(each for seed in range(100) if breaks(each := directed(seed, GATE.setting, GATE.kinds)))
    short = shrink(schedule, breaks)
    assert breaks(short)
    assert len(short.events) <= 8
    assert all(
        not breaks(replace(short, events=short.events[:i] + short.events[i + 1 :])) for i in range(len(short.events))
    )


def test_shrinking_keeps_only_what_is_needed() -> None:
    needed = (Event("writes", 1), Event("grow", 2))
    schedule = replace(schedule_of(1), events=(*needed[:1], *schedule_of(1).events, *needed[1:]))
    assert shrink(schedule, lambda each: set(needed) <= set(each.events)).events == needed
