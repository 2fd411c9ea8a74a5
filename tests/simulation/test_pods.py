"""Members' pods are made anew, by an API server that loses answers and kubelets that take their time."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.simulation.run import Setting
from tests.simulation.schedules import OF_PODS, POD_KINDS, directed, play

SCHEDULES = 150


@pytest.mark.timeout(600)
@pytest.mark.parametrize("members", [1, 3, 5])
def test_schedules_are_safe_and_come_to_rest(members: int) -> None:
    counts: Counter[str] = Counter()
    for seed in range(SCHEDULES // 3):
        play(directed(seed, Setting(members=members, pods=True), POD_KINDS), counts)
    assert counts["step RecreatePod"] and counts["step RecreateStoppedPod"]
    assert all(counts[f"fault {kind}"] + counts[f"change {kind}"] for kind in OF_PODS)
    assert all(counts[f"fault deletion {fate}"] for fate in ("lost", "unanswered", "late"))


@pytest.mark.timeout(600)
def test_a_recovery_takes_the_pod_that_brings_its_program() -> None:
    """Quorums are lost amid upgrades, too: the declared program is then in a pod that nobody has made yet."""
    counts: Counter[str] = Counter()
    kinds = {**POD_KINDS, "hasty recovery": 4.0, "most zones off": 3.0, "grow": 1.0, "shrink": 1.0}
    for seed in range(SCHEDULES // 3):
        play(directed(seed, Setting(members=3, pods=True, quorum_losses=bool(seed % 2)), kinds), counts)
    assert counts["step Fence"] and counts["step RecreatePod"]
