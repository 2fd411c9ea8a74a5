"""What the load of an API server takes for a violation."""

from __future__ import annotations

import pytest

from tests.nodes.objects_load import History, Version, violations

FIRST, UPDATE, SECOND = Version("one", 5, "0"), Version("one", 7, "1"), Version("two", 8, "0")
ALL = [FIRST, UPDATE, SECOND]


def told(found: list[Version], acknowledged: list[Version] = ALL, watched: list[Version] = ALL) -> str:
    return "\n".join(violations(History(acknowledged, watched), found))


def test_a_history_in_order() -> None:
    assert told([UPDATE, SECOND]) == ""


def test_a_write_without_an_answer_may_have_happened() -> None:
    assert told([UPDATE, SECOND], acknowledged=[FIRST, SECOND]) == ""


@pytest.mark.parametrize("missed", ALL)
def test_a_watch_that_missed_an_event(missed: Version) -> None:
    watched = [each for each in ALL if each != missed]
    assert f"{missed} was acknowledged, and no watch saw it" in told([UPDATE, SECOND], watched=watched)


def test_a_watch_that_missed_what_nobody_acknowledged() -> None:
    assert "is there, and no watch saw it" in told([UPDATE, SECOND], acknowledged=[FIRST], watched=[FIRST, SECOND])


@pytest.mark.parametrize("found", [[UPDATE], [FIRST, SECOND], []])
def test_an_acknowledged_write_that_was_lost(found: list[Version]) -> None:
    assert "was acknowledged, and" in told(found)


@pytest.mark.parametrize("watched", [[FIRST, SECOND, UPDATE], [*ALL, SECOND]])
def test_revisions_out_of_order(watched: list[Version]) -> None:
    assert "twice, or out of order" in told([UPDATE, SECOND], watched=watched)
