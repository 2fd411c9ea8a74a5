from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.runtime.verdict import Refuse, Situation, Start, judge
from etcd_ops.volume.data import ABSENT, UNREADABLE, DataFacts
from etcd_ops.volume.launch_record import StagedLaunch
from etcd_ops.volume.marker import Marker

MARKER = Marker("local", "m0", "v", "local")
DATA = DataFacts(present=True, identity=(1, 2))
LAUNCH = StagedLaunch("n", "", "d", "b", 3, (1, 2), first_start=False, force_new_cluster=False, trusted={})
INTACT = Situation(launch=LAUNCH, marker=MARKER, data=DATA, fence=3, newest=3, channel=3)
FIRST = INTACT._replace(launch=LAUNCH._replace(first_start=True, expected=None), was_first_start=True, data=ABSENT)

IDENTITIES = st.tuples(st.integers(1, 2), st.integers(1, 2))
LAUNCHES = st.builds(
    StagedLaunch,
    nonce=st.just("n"),
    configuration=st.just(""),
    configuration_digest=st.just("d"),
    binary_sha256=st.just("b"),
    incarnation=st.integers(1, 3),
    expected=st.none() | IDENTITIES,
    first_start=st.booleans(),
    force_new_cluster=st.booleans(),
    trusted=st.just({}),
)
SITUATIONS = st.builds(
    Situation,
    launch=st.none() | LAUNCHES,
    was_first_start=st.booleans(),
    marker=st.none() | st.just(MARKER),
    data=st.just(ABSENT) | st.just(UNREADABLE) | st.builds(DataFacts, st.just(True), IDENTITIES),
    fence=st.integers(0, 3),
    newest=st.integers(0, 3),
    memory_problem=st.just("") | st.just("damaged"),
    binary_cached=st.booleans(),
    channel=st.none() | st.integers(1, 3),
)


@pytest.mark.parametrize(
    "situation", [INTACT, INTACT._replace(channel=None), INTACT._replace(fence=0, newest=0), FIRST]
)
def test_started(situation: Situation) -> None:
    assert judge(situation) == Start()


def test_a_first_start_goes_on_with_its_own_data() -> None:
    assert judge(FIRST._replace(data=DATA)) == Start()
    spent = LAUNCH._replace(expected=None)
    assert judge(FIRST._replace(data=DATA, launch=spent)) == Start()


def test_forced_once() -> None:
    assert judge(INTACT._replace(launch=LAUNCH._replace(force_new_cluster=True))) == Start(force_new_cluster=True)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"launch": None}, "no launch is staged"),
        ({"marker": None}, "no identity marker"),
        ({"data": ABSENT}, "the data is lost"),
        ({"data": UNREADABLE}, "neither started nor wiped"),
        ({"data": DataFacts(True, (1, 3))}, "the data is of member 3 of cluster 1, not of member 2 of cluster 1"),
        ({"data": DataFacts(True, (9, 2))}, "of cluster 9"),
        ({"launch": LAUNCH._replace(expected=None)}, "which member's data is expected"),
        ({"memory_problem": "memory.json: cut"}, "a fence on this volume is unknown: memory.json: cut"),
        ({"fence": 4}, "incarnation 3 is fenced: this volume serves 4"),
        ({"newest": 4}, "older than 4, which this volume knows of"),
        ({"channel": 4}, "older than 4 in the channel"),
        ({"binary_cached": False}, "SHA-256 b is not cached"),
    ],
)
def test_refused(changes: dict[str, Any], reason: str) -> None:
    verdict = judge(INTACT._replace(**changes))
    assert isinstance(verdict, Refuse)
    assert reason in verdict.reason


@given(SITUATIONS)
def test_what_is_started_is_safe(situation: Situation) -> None:
    """The rules as invariants, apart from how the verdict is come to."""
    if not isinstance(judge(situation), Start):
        return
    launch, data = situation.launch, situation.data
    assert launch is not None
    assert situation.marker is not None
    assert data != UNREADABLE
    assert data.present or launch.first_start
    assert (
        not data.present or data.identity == launch.expected or (launch.expected is None and situation.was_first_start)
    )
    assert launch.incarnation >= max(situation.fence, situation.newest, situation.channel or 0)
    assert not situation.memory_problem
    assert situation.binary_cached


@given(SITUATIONS, st.none() | st.integers(1, 3))
def test_the_channel_can_only_refuse(situation: Situation, channel: int | None) -> None:
    """So the launcher need not ask it where something else speaks against a start."""
    if isinstance(judge(situation._replace(channel=None)), Refuse):
        assert isinstance(judge(situation._replace(channel=channel)), Refuse)
