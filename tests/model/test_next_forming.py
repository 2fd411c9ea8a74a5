"""A channel that outlives its cluster: what the volumes of the next one remember of the one before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from etcd_ops.agent.reading import Reading, remember
from etcd_ops.channel.port import Entry
from etcd_ops.model.facts import Identity, LockFacts, Memory, VolumeFacts
from etcd_ops.model.records import Controls, FormationRecord, FormationState
from tests.model.test_operators_words import facts, volume


def remembered(state: FormationState, of: VolumeFacts, memory: Memory) -> Memory:
    """What a volume remembers once its agent has read a record of incarnation 4."""
    channel = facts(of, Controls(), quorum=False).channel
    assert channel is not None and channel.formation is not None
    record = channel.formation.model_copy(update={"state": state, "incarnation": 4, "started": {}})
    reading = Reading(replace(channel, formation=record), Entry(record.encode(), "tag"), None)
    return remember(memory, reading, LockFacts(None), of)


def test_a_new_volume_remembers_nothing_of_a_cluster_that_was_destroyed() -> None:
    """Its own agent would hold it as one of another forming, as soon as the next one is opened."""
    found = remembered(FormationState.CLOSED, volume("new", has_data=False), Memory())
    assert (found.formation, found.highest.incarnation) == (b"", 0)


@pytest.mark.parametrize("state", [FormationState.FORMING, FormationState.FORMED])
def test_a_new_volume_remembers_a_cluster_that_is_there(state: FormationState) -> None:
    found = remembered(state, volume("new", has_data=False), Memory())
    assert FormationRecord.decode(found.formation).state is state
    assert found.highest.incarnation == 4


def test_a_volume_of_the_destroyed_cluster_remembers_that_it_was() -> None:
    earlier = facts(volume(), Controls()).channel
    assert earlier is not None and earlier.formation is not None
    memories = [
        (volume(), Memory()),
        (volume("old", has_data=False), Memory(identity=Identity(1, 2))),
        (volume("old", has_data=False), Memory(formation=earlier.formation.encode())),
    ]
    for of, memory in memories:
        found = remembered(FormationState.CLOSED, of, memory)
        assert FormationRecord.decode(found.formation).state is FormationState.CLOSED
        assert found.highest.incarnation == 4
