"""A formation record that was rolled back to before a slot's first start: only that slot's volume remembers it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from etcd_ops.agent.reading import Reading, remember
from etcd_ops.channel.port import Entry
from etcd_ops.model.facts import Facts, LockFacts, Memory, ProcessFacts
from etcd_ops.model.records import Controls, FormationRecord
from etcd_ops.model.spec import ClusterSpec
from etcd_ops.model.status import State
from etcd_ops.model.steps import WriteFormation
from tests.model.in_force import decide
from tests.model.test_operators_words import SLOT, facts, volume


def rolled_back() -> tuple[Facts, FormationRecord]:
    """The slot was dropped, and the record does not name its start; also the record as it was."""
    found = facts(volume(), Controls())
    assert found.channel is not None and found.channel.formation is not None and found.channel.spec is not None
    whole, spec = found.channel.formation, found.channel.spec
    started = {slot: each for slot, each in whole.started.items() if slot != SLOT}
    others = {slot: each for slot, each in spec.members.items() if slot != SLOT}
    declared: ClusterSpec = spec.model_copy(update={"members": others})
    channel = replace(found.channel, spec=declared, formation=whole.model_copy(update={"started": started}))
    running = ProcessFacts(running=True)
    return replace(found, channel=channel, process=running, lock=LockFacts(None, available=True)), whole


def kept(before: FormationRecord, volume_id: str = "old") -> Memory:
    """What a volume keeps that knew `before`, once it reads the record that was rolled back."""
    found, _ = rolled_back()
    assert found.channel is not None and found.channel.formation is not None
    entry = Entry(found.channel.formation.encode(), "tag")
    memory = replace(found.memory, formation=before.encode())
    return remember(memory, Reading(found.channel, entry, None), LockFacts(None), volume(volume_id))


def test_a_volume_keeps_its_own_start() -> None:
    _, whole = rolled_back()
    for memory in (kept(whole), remember_again(kept(whole))):
        assert FormationRecord.decode(memory.formation or b"").volume_of(SLOT) == "old"
    assert not FormationRecord.decode(kept(whole, "another").formation or b"").volume_of(SLOT)


def remember_again(memory: Memory) -> Memory:
    return kept(FormationRecord.decode(memory.formation or b""))


def test_a_dropped_member_that_is_still_listed_is_announced_again() -> None:
    """Without its start nobody knew whose it is: it took itself for removed, and stopped."""
    found, whole = rolled_back()
    step = decide(replace(found, memory=kept(whole))).step
    assert isinstance(step, WriteFormation)
    assert step.record.volume_of(SLOT) == "old"


@pytest.mark.parametrize("listed", [True, False])
def test_one_that_left_is_not(listed: bool) -> None:
    found, whole = rolled_back()
    members = tuple(each for each in found.cluster.members or () if listed or each.name != SLOT)
    endpoints = {slot: replace(each, members=members) for slot, each in found.cluster.endpoints.items()}
    cluster = replace(found.cluster, members=members, endpoints=endpoints)
    decision = decide(replace(found, cluster=cluster, memory=kept(whole)))
    assert (decision.state is State.RETIRED) is not listed
