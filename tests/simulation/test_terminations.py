"""A platform terminates machines, and waits until their members are stopped, while everything else goes wrong, too."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.simulation.run import Setting
from tests.simulation.schedules import TERMINATION, directed, play

SCHEDULES = 150
KINDS = {
    TERMINATION: 6.0, "agent killed in mid-step": 2.0, "agent stalls": 1.0, "etcd killed": 2.0, "zone off": 1.0,
    "member isolated": 1.0, "channel away": 1.0, "request lands late": 1.0, "channel write unanswered": 1.0,
    "disk wiped": 1.0, "slow stop": 1.0, "configuration": 3.0, "newer version": 1.0, "up again": 2.0, "writes": 4.0,
}  # fmt: skip


@pytest.mark.timeout(600)
@pytest.mark.parametrize("members", [1, 3, 5])
def test_schedules_are_safe_and_come_to_rest(members: int) -> None:
    counts: Counter[str] = Counter()
    for seed in range(SCHEDULES // 3):
        play(directed(seed, Setting(members=members), KINDS), counts)
    assert counts[f"fault {TERMINATION}"]
    assert counts["step LetMachineGo"]
    assert members == 1 or counts["step VacateMachine"]


@pytest.mark.timeout(600)
def test_a_recovery_goes_on_while_machines_are_to_be_terminated() -> None:
    """Without a quorum every termination waits for the gate; what the recovery holds stays held meanwhile."""
    counts: Counter[str] = Counter()
    kinds = {**KINDS, "hasty recovery": 4.0, "most zones off": 3.0, "replace a slot": 1.0}
    for seed in range(SCHEDULES // 3):
        play(directed(seed, Setting(members=5, quorum_losses=True), kinds), counts)
    assert counts[f"fault {TERMINATION}"] and counts["step Fence"]
