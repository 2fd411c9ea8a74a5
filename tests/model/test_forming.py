"""Founders whose volume is another one before the cluster is formed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from etcd_ops.model.facts import ClusterFacts, EndpointFacts, Facts, LockFacts, Memory, PeerStatus, ProcessFacts, Target
from etcd_ops.model.records import Controls, FormationState
from etcd_ops.model.status import MemberStatus, State
from etcd_ops.model.steps import WriteFormation
from tests.model.in_force import decide
from tests.model.samples import spec
from tests.model.test_operators_words import facts, volume


def forming(*others_exchanged: str) -> Facts:
    """A founder of three on an empty volume, which is not the one that it was recorded to start on."""
    found = facts(volume("new", has_data=False), Controls(), quorum=False)
    channel = found.channel
    assert channel is not None and channel.formation is not None
    founders = {slot: each.peer_url for slot, each in spec().members.items()}
    record = channel.formation.model_copy(update={"state": FormationState.FORMING, "founders": founders})
    statuses = {
        slot: PeerStatus(
            MemberStatus(
                slot=slot, zone="z", boot_id="x", sequence=1, agent_version="1", state=State.WORKING,
                volume_id="new", volume_marked=True,
            ),
            fresh=True,
        )
        for slot in others_exchanged
    }  # fmt: skip
    channel = replace(channel, formation=record, statuses=statuses)
    return replace(found, memory=Memory(), channel=channel, lock=LockFacts(None, available=True))


def test_one_exchanged_volume_does_not_keep_the_others_from_forming_the_cluster() -> None:
    decision = decide(forming())
    assert (decision.step, decision.state) == (None, State.WORKING)
    assert "the other founders form it" in decision.reason


@pytest.mark.parametrize("others", [("b-1",), ("b-1", "c-1")])
def test_with_too_few_volumes_left_it_is_to_be_destroyed(others: tuple[str, ...]) -> None:
    decision = decide(forming(*others))
    assert (decision.step, decision.state) == (None, State.HELD)
    assert "lost their data before the cluster was formed: destroy it" in decision.reason


def unstarted(*serving: str) -> Facts:
    """A founder whose forming has started nobody yet, while some of the declared addresses answer."""
    found = facts(volume("new", has_data=False), Controls(), quorum=False)
    channel = found.channel
    assert channel is not None and channel.formation is not None
    founders = {slot: each.peer_url for slot, each in spec().members.items()}
    record = channel.formation.model_copy(
        update={"state": FormationState.FORMING, "founders": founders, "started": {}, "cluster_id": None}
    )
    endpoints = {slot: EndpointFacts(9, 99, 9, healthy=True) for slot in serving}
    return replace(
        found, memory=Memory(), channel=replace(channel, formation=record), cluster=ClusterFacts(endpoints),
        lock=LockFacts(None, available=True), target=Target("text", "declared", "0", {}),
    )  # fmt: skip


def test_nothing_is_formed_beside_members_that_this_forming_did_not_start() -> None:
    """Found by simulation: the channel was emptied, the stack's state lost, and the only member's agent stalled."""
    decision = decide(unstarted("b-1"))
    assert (decision.step, decision.state) == (None, State.HELD)
    assert "b-1 already serve" in decision.reason


def test_a_founder_starts_where_nobody_answers() -> None:
    assert isinstance(decide(unstarted()).step, WriteFormation)


def test_nothing_is_recovered_of_a_cluster_that_is_being_formed() -> None:
    """Found by simulation: of two founders that had started one lost its data, and a third had yet to start."""
    found = forming("b-1")
    mine = volume()
    assert found.channel is not None and found.channel.formation is not None
    started = {slot: each for slot, each in found.channel.formation.started.items() if slot != "c-1"}
    channel = replace(found.channel, formation=found.channel.formation.model_copy(update={"started": started}))
    memory = replace(found.memory, incarnation=1)
    running = replace(found, volume=mine, channel=channel, process=ProcessFacts(running=True), memory=memory)
    assert decide(running).state is State.WORKING
