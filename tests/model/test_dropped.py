"""A slot that was dropped from the declaration: what its agent says of a disk that is lost."""

from __future__ import annotations

from dataclasses import replace

from etcd_ops.model.facts import EndpointFacts, Facts, ProcessFacts
from etcd_ops.model.records import Controls
from etcd_ops.model.spec import ClusterSpec
from etcd_ops.model.status import State
from etcd_ops.model.steps import StopMember, TransferLeadership
from tests.model.in_force import decide
from tests.model.samples import at, body
from tests.model.test_operators_words import CLUSTER, IDS, SLOT, facts, volume


def dropped(*, has_data: bool, quorum: bool) -> Facts:
    found = facts(volume("old", has_data=has_data), Controls(), quorum=quorum)
    channel, spec = found.channel, ClusterSpec.model_validate(at(body(), f"members.{SLOT}", None))
    assert channel is not None and channel.desired is not None
    desired = channel.desired.model_copy(update={"body": spec.to_wire()})
    return replace(found, channel=replace(channel, desired=desired, spec=spec))


def test_it_attests_that_its_data_is_gone() -> None:
    """It counts among the disks that a quorum needs for as long as a quorum has not removed it."""
    for quorum in (True, False):
        decision = decide(dropped(has_data=False, quorum=quorum))
        assert decision.state is State.WORKING and "waits for a quorum" in decision.reason
        assert decision.attestation is not None and decision.attestation.member_id == IDS[SLOT]


def test_it_retires_once_a_quorum_does_not_list_it() -> None:
    found = dropped(has_data=False, quorum=True)
    members = tuple(each for each in found.cluster.members or () if each.member_id != IDS[SLOT])
    decision = decide(replace(found, cluster=replace(found.cluster, members=members)))
    assert decision.state is State.RETIRED and not isinstance(decision.step, StopMember)


def test_a_dropped_leader_of_two_hands_over_without_an_outage() -> None:
    """A hand-over stops nobody: a cluster shrinks from three to one whoever leads it."""
    found = facts(volume("old"), Controls())
    assert found.channel is not None and found.channel.desired is not None
    alone = ClusterSpec.model_validate(at(at(body(), "members.b-1", None), "members.c-1", None))
    desired = found.channel.desired.model_copy(update={"body": alone.to_wire()})
    members = tuple(each for each in found.cluster.members or () if each.member_id in (IDS[SLOT], IDS["b-1"]))
    endpoints = {
        slot: EndpointFacts(IDS[slot], CLUSTER, IDS["b-1"], healthy=True, members=members) for slot in (SLOT, "b-1")
    }
    cluster = replace(found.cluster, members=members, endpoints=endpoints)
    channel = replace(found.channel, desired=desired, spec=alone)
    decision = decide(replace(found, channel=channel, cluster=cluster, process=ProcessFacts(running=True, uptime=9.0)))
    assert isinstance(decision.step, TransferLeadership) and decision.step.member_id == IDS[SLOT]
