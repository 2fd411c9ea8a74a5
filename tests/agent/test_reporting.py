"""What a member's status says of why it does not run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from etcd_ops.agent.reporting import report
from etcd_ops.model.decisions import Decision
from etcd_ops.model.facts import (
    REMOVED,
    ClusterFacts,
    Facts,
    Identity,
    Launch,
    LockFacts,
    Memory,
    ProcessFacts,
    VolumeFacts,
)
from etcd_ops.model.status import State, StepReport

FAILURE = "listen tcp 127.0.0.4:2380: bind: address already in use"
LAUNCH = Launch("", "c" * 64, "b" * 64, 1, None, first_start=True)
TWICE = f"first start: {FAILURE}"


@pytest.mark.parametrize(
    ("process", "launch", "state", "reason", "said"),
    [
        (ProcessFacts(False, failure=FAILURE), LAUNCH, State.WORKING, "first start", f"; it ended before: {FAILURE}"),
        (ProcessFacts(False, failure=FAILURE), LAUNCH, State.WORKING, TWICE, ""),
        (ProcessFacts(False, failure=FAILURE), LAUNCH, State.HELD, "first start", ""),
        (ProcessFacts(False, failure=FAILURE), None, State.WORKING, "first start", ""),
        (ProcessFacts(True, pid=7), LAUNCH, State.WORKING, "first start", ""),
        (None, LAUNCH, State.WORKING, "first start", ""),
    ],
)
def test_a_member_that_ended_by_itself_says_why(
    process: ProcessFacts | None, launch: Launch | None, state: State, reason: str, said: str
) -> None:
    volume = VolumeFacts(True, "v", has_data=False, identity=None, launch=launch)
    facts = Facts("d-1", 0.0, volume, Memory(), process, None, ClusterFacts({}), LockFacts(None))
    last = StepReport(kind="AddLearner", target="d-1", reason="join as a learner")
    status = report(
        facts, Decision(None, state, reason), zone="d", boot_id="b", sequence=1, agent_version="1", expiries={},
        problem="", impossible=False, last_step=last,
    )  # fmt: skip
    assert status.reason == reason + said
    assert status.last_step == last


REMOVED_TEXT = f"etcd: the member has been {REMOVED}"


@pytest.mark.parametrize(
    ("joins", "good", "process", "voteless"),
    [
        (True, False, ProcessFacts(True), True),
        (True, True, ProcessFacts(True), False),
        (False, False, ProcessFacts(True), False),
        (False, True, ProcessFacts(False, failure=REMOVED_TEXT), True),
        (False, True, ProcessFacts(False, failure="etcd: another end"), False),
    ],
)
def test_data_that_is_not_known_to_vote_is_told_as_such(
    joins: bool, good: bool, process: ProcessFacts, voteless: bool
) -> None:
    mine = Identity(77, 1)
    launch = replace(LAUNCH, expected=mine, joins=joins)
    volume = VolumeFacts(True, "v", has_data=True, identity=mine, launch=launch, good=launch if good else None)
    facts = Facts("d-1", 0.0, volume, Memory(), process, None, ClusterFacts({}), LockFacts(None))
    status = report(
        facts, Decision(None, State.WORKING, ""), zone="d", boot_id="b", sequence=1, agent_version="1", expiries={},
        problem="", impossible=False,
    )  # fmt: skip
    assert status.voteless is voteless
    empty = replace(facts, volume=replace(volume, has_data=False))
    assert not empty.voteless
