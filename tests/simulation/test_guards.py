"""Each guard is taken away, and the simulation notices what it prevented."""

from __future__ import annotations

import pytest

from tests.simulation.guards import GUARDS, Guard
from tests.simulation.run import Failed
from tests.simulation.schedules import Schedule, directed, provoke

SCHEDULES = 150
"""Most schedules that are tried without the guard."""


def _violation(schedule: Schedule) -> str:
    """What the judge said; empty where nothing unsafe happened."""
    try:
        provoke(schedule)
    except Failed as failure:
        return str(failure)
    return ""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("guard", GUARDS, ids=lambda each: each.name)
def test_without_it_the_simulation_sees_the_harm(guard: Guard) -> None:
    for seed in range(SCHEDULES):
        schedule = directed(seed, guard.setting, guard.kinds)
        with guard.remove():
            noticed = _violation(schedule)
        if noticed:
            assert guard.noticed in noticed
            assert _violation(schedule) == "", "it happens with the guard in place as well"
            return
    pytest.fail(f"{SCHEDULES} schedules without it, and nothing was noticed")
