"""Gaps and counts, from outcomes at known times."""

from __future__ import annotations

import pytest

from tests.workload.report import NANOSECONDS, Outcome, Outcomes, Phase, Report, longest_gap, summarize


def at(seconds: float) -> int:
    return int(seconds * NANOSECONDS)


def phase(start: float, end: float, name: str = "roll") -> Phase:
    return Phase(name, at(start), at(end))


@pytest.mark.parametrize(
    ("writes", "gap"),
    [
        ([], 10.0),
        ([11.0, 12.0, 19.5], 7.5),
        ([17.0, 18.0], 7.0),
        ([11.0, 12.0], 8.0),
        ([9.0, 15.0, 21.0], 5.0),
        ([15.0, 12.0], 5.0),
    ],
)
def test_a_gap_is_bounded_by_its_phase(writes: list[float], gap: float) -> None:
    assert longest_gap(phase(10, 20), [at(write) for write in writes]) == gap


def test_only_acknowledged_writes_end_a_gap() -> None:
    outcomes = [
        Outcome("ok", at(1), write=True),
        Outcome("ok", at(2), write=False),
        Outcome("fail", at(3), write=False),
        Outcome("unknown", at(4), write=False),
        Outcome("ok", at(9), write=True),
        Outcome("ok", at(30), write=True),
    ]
    summary = summarize([phase(0, 10)], outcomes, lags=[(at(5), 0.5), (at(30), 0.7)])
    assert summary.longest_write_gap == 8.0
    assert (summary.acknowledged, summary.acknowledged_writes) == (3, 2)
    assert (summary.failed, summary.unknown) == (1, 1)
    assert summary.operations_per_second == pytest.approx(0.3)
    assert summary.longest_lag == 0.5


def test_phases_of_one_name_are_taken_together() -> None:
    outcomes = [Outcome("ok", at(second), write=True) for second in (1, 2, 3, 21, 26)]
    phases = [phase(0, 4), phase(20, 27), phase(4, 20, "between")]
    report = Report(summarize([], []), {}, phases, outcomes, lags=[])
    assert report.gap("roll") == 5.0
    assert report.phase("roll").acknowledged_writes == 5
    assert report.gap("between") == 16.0
    with pytest.raises(KeyError, match="marked are"):
        report.gap("rolling")


@pytest.mark.parametrize(
    ("operation", "answer", "write"),
    [
        ("put", {}, True),
        ("append", {}, True),
        ("get", {"observed": None}, False),
        ("delete", {"observed": None}, False),
        ("delete", {"observed": {"value": "a", "mod_revision": 2}}, True),
        ("cas", {"observed": None, "swapped": False}, False),
        ("cas", {"observed": None, "swapped": True}, True),
    ],
)
def test_what_changed_nothing_is_no_write(operation: str, answer: dict[str, object], write: bool) -> None:
    outcomes = Outcomes()
    outcomes.take({"event": "invoke", "id": 1, "op": operation, "time": 5})
    assert outcomes.never_completed == 1
    outcomes.take({"event": "ok", "id": 1, "time": 7, **answer})
    assert outcomes.outcomes == [Outcome("ok", 7, write)]
    assert outcomes.writes == ([7] if write else [])
    assert outcomes.never_completed == 0
