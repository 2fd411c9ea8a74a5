"""Schedules: from a seed, or from a list of events, to how they end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from random import Random

from tests.simulation.changes import CHANGES
from tests.simulation.ending import end
from tests.simulation.faults import FAULTS
from tests.simulation.light import REAL_EVERY, light
from tests.simulation.run import Event, Run, Setting
from tests.simulation.world import World

EVENTS = 50
"""Fewest events of a schedule."""
AFTERMATH = 30.0
"""Seconds for which a schedule that is only to break something goes on after its last event."""
UNSETTLED = "not in force after"
"""How a schedule fails that broke nothing, but does not come to rest."""
HAPPENINGS = {**FAULTS, **CHANGES}
TERMINATION = "machine is to be terminated"
OF_PODS = {
    "another pod": 6.0, "deletion of a pod without an answer": 6.0, "API server away": 2.0,
    "agent stalls while it has its pod made anew": 3.0,
}  # fmt: skip
POD_KINDS = {
    **OF_PODS, "agent killed in mid-step": 2.0, "agent stalls": 2.0, "agent killed": 1.0, "etcd killed": 2.0,
    "zone off": 1.0, "member isolated": 1.0, "channel away": 1.0, "channel write unanswered": 1.0, "disk wiped": 0.5,
    "configuration": 2.0, "newer version": 1.0, "up again": 2.0, "writes": 4.0,
}  # fmt: skip
"""What befalls members in pods, with weights."""
APART = frozenset({TERMINATION, *OF_PODS})
DRAWN = tuple(kind for kind in HAPPENINGS if kind not in APART)
"""What seeds draw from; terminations and pods have schedules of their own, so that every seed keeps its meaning."""
_WEIGHTS = {
    "writes": 8,
    "up again": 4,
    "configuration": 3,
    "agent killed in mid-step": 5,
    "channel snapshot": 3,
    "channel emptied": 0.4,
    "channel rolled back": 0.7,
    "all zones off": 0.6,
    "database fills up": 0.6,
    "stack's state lost": 0.5,
    "paused": 0.5,
    "observe only": 0.5,
    "operator pauses": 0.5,
    "active again": 1.5,
    "old value again": 1.5,
    "next trust generation": 3,
    "disk wiped": 1.5,
    "hasty recovery": 0.5,
    "most zones off": 0.5,
    "somebody writes a forbidden document": 0.7,
}


@dataclass(frozen=True, slots=True)
class Schedule:
    """Everything that a run depends on."""

    seed: int
    setting: Setting
    events: tuple[Event, ...]


def directed(seed: int, setting: Setting, kinds: dict[str, float]) -> Schedule:
    """A schedule of a few kinds of events only, weighted; the cluster is formed before they begin."""
    random = Random(seed)
    haste = random.choice((0.5, 1.0, 2.0, 4.0))
    events = tuple(
        Event(kind, random.randrange(12), random.randrange(12), random.random(), haste * random.expovariate(1.0))
        for kind in random.choices(list(kinds), list(kinds.values()), k=EVENTS)
    )
    return Schedule(seed, setting, events)


def schedule_of(seed: int) -> Schedule:
    """The schedule that a seed stands for."""
    random = Random(seed)
    setting = Setting(
        members=random.choice((1, 1, 3, 3, 3, 3, 3, 5)),
        formed=random.random() < 0.8,
        quorum_losses=random.random() < 0.15,
        operator=random.random() < 0.85,
        replacements=random.choice((0, 1, 1, 9)),
        version=random.choice(("3.5.34", "3.6.15", "3.6.15", "3.7.2")),
    )
    # Each schedule has its own mood: a few kinds of events that come again and again.
    kinds = random.sample(list(DRAWN), random.randint(5, len(DRAWN)))
    weights = [_WEIGHTS.get(kind, 1.0) for kind in kinds]
    haste = random.choice((0.2, 0.5, 1.0))
    events = tuple(
        Event(kind, random.randrange(12), random.randrange(12), random.random(), haste * random.expovariate(1.0))
        for kind in random.choices(kinds, weights, k=EVENTS + random.randrange(10))
    )
    return Schedule(seed, setting, events)


def play(schedule: Schedule, counts: Counter[str] | None = None, trace: list[str] | None = None) -> str:
    """Run one schedule until everything has come to rest; says how it ended.

    Raises:
        Failed
    """
    with light(real=schedule.seed % REAL_EVERY == 0), closing(_fresh(schedule, counts, trace)) as run:
        _happen_all(run, schedule)
        result = end(run)
        run.world.count("end", result)
        return result


def endure(schedule: Schedule, counts: Counter[str] | None = None) -> None:
    """Run one schedule for as long as something befalls it: whether all is safe, and not how it ends.

    Raises:
        Failed
    """
    with light(real=schedule.seed % REAL_EVERY == 0), closing(_fresh(schedule, counts, None)) as run:
        _happen_all(run, schedule)


def provoke(schedule: Schedule, trace: list[str] | None = None) -> None:
    """Run one schedule for as long as what it began may go on; nothing is repaired.

    Raises:
        Failed
    """
    with light(), closing(_fresh(schedule, None, trace)) as run:
        _happen_all(run, schedule)
        run.go_on(AFTERMATH)


def _fresh(schedule: Schedule, counts: Counter[str] | None, trace: list[str] | None) -> Run:
    return Run(World(Random(schedule.seed), counts, trace), schedule.setting)


def _happen_all(run: Run, schedule: Schedule) -> None:
    run.stack.up()
    if schedule.setting.formed:
        while run.stack.task is not None:
            run.go_on(1.0)
    for event in schedule.events:
        happen(run, event)


def happen(run: Run, event: Event) -> None:
    """Let one event take place, and the world go on for a while."""
    world = run.world
    world.note(f"--- {event.kind} {event.a} {event.b} {event.x:.2f}")
    group = "fault" if event.kind in FAULTS else "change"
    if HAPPENINGS[event.kind](run, event.a, event.b, event.x):
        world.count(group, event.kind)
    else:
        world.note("    (does not apply)")
    world.count("events", "all")
    run.go_on(event.pause)


def replay(schedule: Schedule) -> tuple[Sequence[str], str]:
    """The readable trace of a schedule, and how it ends."""
    trace: list[str] = []
    try:
        result = play(schedule, trace=trace)
    except AssertionError as failure:
        return trace, str(failure)
    return trace, f"ended well: {result}"
