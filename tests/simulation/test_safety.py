"""No schedule of faults and changes breaks safety; `python -m tests.simulation --seeds 0:1000000` runs millions."""

from __future__ import annotations

import pytest

from etcd_ops.model.decisions import view
from etcd_ops.model.facts import ClusterFacts
from etcd_ops.model.gate import Request, Verdict
from tests.simulation.__main__ import run_all, run_seeds
from tests.simulation.schedules import UNSETTLED

SCHEDULES = 600

"""How a schedule fails that broke nothing, but does not come to rest; `python -m tests.simulation` shows them."""


def unsafe(failed: dict[int, str]) -> dict[int, str]:
    """The failures that are about safety."""
    return {seed: why for seed, why in failed.items() if not why.startswith(UNSETTLED)}


@pytest.mark.timeout(900)
def test_no_schedule_breaks_safety() -> None:
    found: dict[int, str] = {}
    kinds: set[str] = set()
    for _, counts, failed in run_all(0, SCHEDULES, jobs=1):
        found.update(unsafe(failed))
        kinds.update(counts)
    assert found == {}
    assert len(kinds) > 60


@pytest.mark.timeout(600)
def test_without_the_gate_the_simulation_sees_a_quorum_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def open_gate(request: Request, cluster: ClusterFacts, zones: dict[int, str]) -> Verdict:
        return Verdict(allowed=True)

    monkeypatch.setattr(view, "judge", open_gate)
    for first in range(0, 400, 20):
        _, _, failed = run_seeds(first, first + 20)
        if unsafe(failed):
            return
    pytest.fail("400 schedules without a gate, and nothing was noticed")
