"""What a dropped slot says of itself."""

from __future__ import annotations

from dataclasses import replace

from etcd_ops.model.decisions import decide
from etcd_ops.model.facts import LockFacts
from etcd_ops.model.records import Controls
from etcd_ops.model.status import State
from tests.model.test_operators_words import IDS, SLOT, facts, volume


def test_a_dropped_slot_without_data_says_so_and_not_that_all_is_well() -> None:
    found = facts(volume(has_data=False), Controls(), quorum=False)
    assert found.channel is not None and found.channel.spec is not None
    members = {slot: each for slot, each in found.channel.spec.members.items() if slot != SLOT}
    spec = found.channel.spec.model_copy(update={"members": members})
    dropped = replace(found, channel=replace(found.channel, spec=spec), lock=LockFacts(None))
    decision = decide(dropped)
    assert (decision.step, decision.state) == (None, State.HELD)
    assert decision.attestation is not None
    assert decision.attestation.member_id == IDS[SLOT]
