"""What a history says of availability: counts, and the longest time without an acknowledged write."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

NANOSECONDS = 1_000_000_000


@dataclasses.dataclass(frozen=True)
class Phase:
    """A bracketed part of a run, in nanoseconds of CLOCK_MONOTONIC."""

    name: str
    start: int
    end: int

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / NANOSECONDS


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How an operation ended: "ok", "fail" or "unknown", and when that was known."""

    kind: str
    time: int
    write: bool


@dataclasses.dataclass(frozen=True)
class Summary:
    """Counts of operations by outcome over some time.

    Attributes:
        seconds: how long that was.
        acknowledged: operations that etcd answered.
        acknowledged_writes: those of them that changed something.
        failed: refused without effect, or never sent.
        unknown: without an answer.
        operations_per_second: acknowledged ones.
        longest_write_gap: longest time without an acknowledged write of any client, in seconds.
        longest_lag: longest time the load process itself got no time to run, in seconds; 0 if not worth
            noting.
    """

    seconds: float
    acknowledged: int
    acknowledged_writes: int
    failed: int
    unknown: int
    operations_per_second: float
    longest_write_gap: float
    longest_lag: float


@dataclasses.dataclass(frozen=True)
class Report:
    """What a checked run came to.

    Attributes:
        summary: of the whole run, up to the final read-back.
        verdict: the checker's.
    """

    summary: Summary
    verdict: Mapping[str, Any]
    phases: Sequence[Phase]
    outcomes: Sequence[Outcome]
    lags: Sequence[tuple[int, float]]

    def phase(self, name: str) -> Summary:
        """The summary of a phase; of one that was bracketed several times, all of them together.

        Raises:
            KeyError: nothing was bracketed by that name.
        """
        phases = [phase for phase in self.phases if phase.name == name]
        if not phases:
            marked = sorted({phase.name for phase in self.phases})
            raise KeyError(f"no phase was marked {name!r}; marked are {marked}")
        return summarize(phases, self.outcomes, self.lags)

    def gap(self, name: str | None = None) -> float:
        """Seconds of the longest write gap inside a phase (its edges count), or of the whole run."""
        return (self.summary if name is None else self.phase(name)).longest_write_gap


def summarize(phases: Iterable[Phase], outcomes: Sequence[Outcome], lags: Sequence[tuple[int, float]] = ()) -> Summary:
    """Sum up what happened within phases."""
    phases = list(phases)
    inside = [o for o in outcomes if any(phase.start <= o.time <= phase.end for phase in phases)]
    acknowledged = [o for o in inside if o.kind == "ok"]
    writes = [o.time for o in acknowledged if o.write]
    seconds = sum(phase.seconds for phase in phases)
    lagging = [lag for time, lag in lags if any(phase.start <= time <= phase.end for phase in phases)]
    return Summary(
        seconds=seconds,
        acknowledged=len(acknowledged),
        acknowledged_writes=len(writes),
        failed=sum(o.kind == "fail" for o in inside),
        unknown=sum(o.kind == "unknown" for o in inside),
        operations_per_second=len(acknowledged) / seconds if seconds else 0.0,
        longest_write_gap=max((longest_gap(phase, writes) for phase in phases), default=0.0),
        longest_lag=max(lagging, default=0.0),
    )


def longest_gap(phase: Phase, writes: Iterable[int]) -> float:
    """Seconds of the longest part of a phase without a write; the phase's edges bound it."""
    inside = sorted(time for time in writes if phase.start < time < phase.end)
    return max(after - before for before, after in pairwise([phase.start, *inside, phase.end])) / NANOSECONDS


class Outcomes:
    """Gathers outcomes from the events of a history, as they come.

    Attributes:
        outcomes: of operations, in the order they became known.
        writes: when writes were acknowledged.
        lags: when the load process noted that it had got no time to run, and for how many seconds.
        reading_back_since: when the load had ended; None before.
    """

    def __init__(self) -> None:
        self._invoked: dict[int, Mapping[str, Any]] = {}
        self.outcomes: list[Outcome] = []
        self.writes: list[int] = []
        self.lags: list[tuple[int, float]] = []
        self.reading_back_since: int | None = None

    def take(self, event: Mapping[str, Any]) -> None:
        kind = event["event"]
        if kind == "invoke":
            self._invoked[event["id"]] = event
        elif kind in {"ok", "fail", "unknown"}:
            invocation = self._invoked.pop(event["id"])
            write = kind == "ok" and _effective(invocation["op"], event)
            self.outcomes.append(Outcome(kind, event["time"], write))
            if write:
                self.writes.append(event["time"])
        elif kind == "note":
            self._take_note(event)

    def _take_note(self, note: Mapping[str, Any]) -> None:
        if note["what"] == "lag":
            self.lags.append((note["time"], note["seconds"]))
        if note["what"] == "reading back":
            self.reading_back_since = note["time"]

    @property
    def never_completed(self) -> int:
        """Operations without any outcome: those in flight when the process was killed."""
        return len(self._invoked)


def _effective(operation: str, answer: Mapping[str, Any]) -> bool:
    if operation == "delete":
        return answer["observed"] is not None
    if operation == "cas":
        return bool(answer["swapped"])
    return operation in {"put", "append"}
