"""What `etcd-ops status --by-agents` knows without asking a member."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from etcd_ops.cli.looking import Look
from etcd_ops.cli.report import ClusterReport, report
from etcd_ops.cli.told import told
from etcd_ops.model.facts import ChannelFacts, LockFacts, PeerStatus
from etcd_ops.model.status import Role
from tests.cli.test_report import IDS, look


def channel(**changes: dict[str, Any]) -> ChannelFacts:
    """Three voters in order as their agents tell them, b-1 leads; by slot, what is otherwise in its status."""
    known = look().reading
    assert known is not None
    live = {
        slot: {
            "role": Role.VOTER, "healthy": True, "leader": slot == "b-1", "member_id": number, "cluster_id": 0xC0FFEE,
            "version": "3.6.15", "raft_index": 100, "applied_lag": 3, "gate_allowed": True,
        }
        for slot, number in IDS.items()
    }  # fmt: skip
    peers = {
        slot: replace(peer, status=peer.status.model_copy(update=live[slot] | changes.get(slot, {})))
        for slot, peer in known.facts.statuses.items()
    }
    return replace(known.facts, statuses=peers)


def stale(found: ChannelFacts, slot: str) -> ChannelFacts:
    """An agent that was not heard of."""
    return replace(found, statuses={**found.statuses, slot: PeerStatus(found.statuses[slot].status, fresh=False)})


def reported(found: ChannelFacts) -> ClusterReport:
    reading = type("Reading", (), {"facts": found})()
    return report("demo", Look(reading, "", LockFacts(None), told(found), by_agents=True))


def test_a_cluster_in_order_is_in_order() -> None:
    seen = reported(channel())
    assert seen.in_order
    assert seen.by_agents
    assert (seen.quorum.voters, seen.quorum.healthy, seen.quorum.size) == (3, 3, 2)
    assert [each.name for each in seen.members if each.leader] == ["b-1"]
    assert {each.version for each in seen.members} == {"3.6.15"}
    assert {each.applied_lag for each in seen.members} == {3}
    assert seen.gate.allowed


def test_a_silent_agent_tells_nothing_but_its_member_counts() -> None:
    """Its last status may be of any time."""
    seen = reported(stale(channel(), "a-1"))
    assert not seen.in_order
    assert (seen.quorum.voters, seen.quorum.healthy) == (3, 2)
    member = next(each for each in seen.members if each.name == "a-1")
    assert (member.healthy, member.gate.allowed, member.gate.reasons) == (
        False, False, ("the member's agent is silent",),
    )  # fmt: skip
    assert seen.problems == ("a-1: its agent is silent",)


def test_nobody_heard_of_is_nothing_known() -> None:
    found = channel()
    for slot in IDS:
        found = stale(found, slot)
    seen = reported(found)
    assert not seen.in_order
    assert (seen.quorum.voters, seen.quorum.healthy) == (0, 0)
    assert len(seen.problems) == 3


@pytest.mark.parametrize(
    ("change", "healthy"),
    [({"healthy": False}, 2), ({"role": Role.LEARNER}, 2), ({"role": Role.NONE, "member_id": None}, 2)],
)
def test_what_an_agent_says_of_its_member_counts(change: dict[str, Any], healthy: int) -> None:
    seen = reported(channel(**{"c-1": change}))
    assert not seen.in_order
    assert seen.quorum.healthy == healthy


def test_the_gate_is_the_agents_own_verdict() -> None:
    seen = reported(channel(**{"c-1": {"gate_allowed": False, "gate_reasons": ("a-1 lags",)}}))
    assert not seen.gate.allowed
    assert seen.gate.reasons == ("a-1 lags",)


def test_alarms_are_told() -> None:
    assert reported(channel(**{"a-1": {"alarms": ("NOSPACE",)}})).alarms == ("NOSPACE a",)


def test_a_channel_that_is_away_is_a_problem() -> None:
    seen = report("demo", Look(None, "no answer", LockFacts(None), told_nothing(), by_agents=True))
    assert seen.problems == ("channel: no answer",)
    assert not seen.in_order


def told_nothing() -> Any:
    return told(replace(channel(), statuses={}))
