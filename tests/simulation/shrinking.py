"""Making a failing schedule as short as it can be, and strategies with which hypothesis makes and shrinks its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from hypothesis import strategies as st

from tests.simulation.declarations import VERSIONS
from tests.simulation.run import Event, Failed, Setting
from tests.simulation.schedules import EVENTS, HAPPENINGS, UNSETTLED, Schedule, play


def failure(schedule: Schedule) -> str:
    """How a schedule fails; empty where it ends well."""
    try:
        play(schedule)
    except Failed as failed:
        return str(failed)
    return ""


def shrink(schedule: Schedule, fails: Callable[[Schedule], bool]) -> Schedule:
    """The schedule with as few events as still make it fail (ddmin of Zeller and Hildebrandt, 2002).

    Args:
        schedule: one that fails.
        fails: whether a schedule fails as this one does.
    """
    events, pieces = schedule.events, 2
    while len(events) > 1:
        shorter = _without_a_piece(schedule, events, pieces, fails)
        if shorter is not None:
            events, pieces = shorter, max(2, pieces - 1)
        elif pieces >= len(events):
            break
        else:
            pieces = min(len(events), 2 * pieces)
    return replace(schedule, events=tuple(events))


def _without_a_piece(
    schedule: Schedule, events: Sequence[Event], pieces: int, fails: Callable[[Schedule], bool]
) -> tuple[Event, ...] | None:
    size = -(-len(events) // pieces)
    for start in range(0, len(events), size):
        rest = (*events[:start], *events[start + size :])
        if fails(replace(schedule, events=rest)):
            return rest
    return None


def alike(said: str) -> Callable[[Schedule], bool]:
    """Whether a schedule fails in the same way: it breaks something, or it does not come to rest."""
    settles = not said.startswith(UNSETTLED)

    def fails(schedule: Schedule) -> bool:
        found = failure(schedule)
        return bool(found) and (not found.startswith(UNSETTLED)) is settles

    return fails


FRACTIONS = st.integers(0, 16).map(lambda sixteenths: sixteenths / 16)
SETTINGS = st.builds(
    Setting,
    members=st.sampled_from((3, 1, 5)),
    formed=st.booleans(),
    quorum_losses=st.booleans(),
    operator=st.booleans(),
    replacements=st.sampled_from((9, 1, 0)),
    version=st.sampled_from(VERSIONS[1:] + VERSIONS[:1]),
)


def events(kinds: Sequence[str] = tuple(HAPPENINGS)) -> st.SearchStrategy[Event]:
    """One event; simple ones have small numbers and little to wait for."""
    numbers = st.integers(0, 11)
    return st.builds(
        Event, kind=st.sampled_from(kinds), a=numbers, b=numbers, x=FRACTIONS, pause=FRACTIONS.map(lambda x: 4 * x)
    )


def schedules(fewest: int = EVENTS, kinds: Sequence[str] = tuple(HAPPENINGS)) -> st.SearchStrategy[Schedule]:
    """Schedules of at least so many events of these kinds."""
    happening = st.lists(events(kinds), min_size=fewest, max_size=fewest + 10).map(tuple)
    return st.builds(Schedule, seed=st.integers(0, 1 << 16), setting=SETTINGS, events=happening)
