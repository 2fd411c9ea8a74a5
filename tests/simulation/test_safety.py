"""No schedule of faults and changes breaks safety, and they come to rest; every second one is judged for safety alone.

`python -m tests.simulation --seeds 0:1000000` runs millions, and names those that fail.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context

import pytest

from etcd_ops.model import steps
from tests.servers.lifetime import die_with_parent
from tests.simulation import test_migrations, test_pods, test_recoveries, test_shrinking, test_terminations
from tests.simulation.__main__ import run_seeds
from tests.simulation.schedules import DRAWN

SCHEDULES = 19_000
"""With those of the files beside this one, which are of a few kinds each, `make test` runs 20,000 and more."""
SHARE = 500
"""Schedules of one test, so that several processes can share them."""

ENDED = 2
"""One schedule in so many has to come to rest, but in the first share, where all have to."""

HANGS = pytest.mark.timeout(3600)
"""Far from the minute that a share takes alone: beside everything else, at the lowest priority, one waits long."""


@cache
def _share(first: int) -> tuple[Counter[str], dict[int, str]]:
    """In a process of its own, as `python -m tests.simulation` runs them: not beside all that pytest has collected."""
    with ProcessPoolExecutor(1, get_context("spawn"), die_with_parent) as pool:
        _, counts, failed = pool.submit(run_seeds, first, first + SHARE, ENDED if first else 1).result()
    return counts, failed


def _alone(first: int) -> pytest.MarkDecorator:
    """Every share may run on another worker."""
    return pytest.mark.xdist_group(f"schedules from {first}")


@HANGS
@pytest.mark.parametrize("first", [pytest.param(first, marks=_alone(first)) for first in range(0, SCHEDULES, SHARE)])
def test_schedules_are_safe_and_come_to_rest(first: int) -> None:
    counts, failed = _share(first)
    assert failed == {}
    assert counts["events all"] >= 50 * SHARE


@HANGS
@_alone(0)
def test_every_kind_of_step_fault_and_change_takes_place() -> None:
    counts, _ = _share(0)
    assert missing(counts) == set()


def test_there_are_20_000_schedules() -> None:
    of_four_tests = sum(4 * (each.SCHEDULES // 3) for each in (test_pods, test_terminations))
    beside = test_migrations.SCHEDULES + test_recoveries.SCHEDULES + test_shrinking.EXAMPLES + of_four_tests
    assert SCHEDULES + beside >= 20_000


OF_PODS = frozenset(
    f"step {each.__name__}"
    for each in (steps.RecreateAgentPod, steps.RecreatePod, steps.RecreateStoppedPod, steps.TakeOver)
)
"""No member of these schedules runs in a pod: those of test_pods.py do. tests/model/test_replacing.py and
test_adopting.py have the rules of all of them, tests/nodes real pods."""


OF_MACHINES = frozenset(f"step {each.__name__}" for each in (steps.VacateMachine, steps.LetMachineGo))
"""tests/simulation/test_terminations.py has them."""


def missing(counts: Counter[str]) -> set[str]:
    """Kinds of steps, faults and changes that never took place."""
    taken = {f"step {each.__name__}" for each in _kinds(steps.Step)} - OF_PODS - OF_MACHINES
    lacking = {kind for kind in DRAWN if not counts[f"fault {kind}"] + counts[f"change {kind}"]}
    return lacking | {each for each in taken if not counts[each]}


def _kinds(kind: type[steps.Step]) -> list[type[steps.Step]]:
    return [found for each in kind.__subclasses__() for found in (each, *_kinds(each))]
