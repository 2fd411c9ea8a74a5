"""Recoveries, ordered in haste amid whatever else goes wrong, of members on machines and in pods."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from tests.simulation.declarations import VERSIONS
from tests.simulation.run import Setting
from tests.simulation.schedules import DRAWN, POD_KINDS, TERMINATION, Schedule, directed, play

SCHEDULES = 300
OFTEN = {"hasty recovery": 3.0, "most zones off": 2.0, TERMINATION: 1.0}
OF_RELEASES = "newer agent"
"""In pods, a release of the agent comes with an image, which these schedules do not declare along with it."""


def amid_others(seed: int) -> Schedule:
    """A few kinds of everything there is, and recoveries often; every other schedule has its members in pods."""
    random, pods = Random(seed), bool(seed % 2)
    drawn = random.sample([kind for kind in DRAWN if not (pods and kind == OF_RELEASES)], random.randint(6, 20))
    befalls = {kind: weight / 2 for kind, weight in POD_KINDS.items()} if pods else {}
    setting = Setting(
        members=random.choice((3, 3, 5)), quorum_losses=random.random() < 0.5, pods=pods,
        version=random.choice(VERSIONS),
    )  # fmt: skip
    return directed(seed, setting, dict.fromkeys(drawn, 1.0) | befalls | OFTEN)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("share", range(2))
def test_they_are_safe_and_come_to_rest(share: int) -> None:
    counts: Counter[str] = Counter()
    for seed in range(share, SCHEDULES, 2):
        play(amid_others(seed), counts)
    assert counts["step Fence"] and counts[f"fault {TERMINATION}"]
    assert bool(counts["step RecreatePod"]) is bool(share)
