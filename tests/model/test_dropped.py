"""A slot that was dropped from the declaration: what its agent says of a disk that is lost."""

from __future__ import annotations

from dataclasses import replace

from etcd_ops.model.facts import Facts
from etcd_ops.model.records import Controls
from etcd_ops.model.spec import ClusterSpec
from etcd_ops.model.status import State
from etcd_ops.model.steps import StopMember
from tests.model.in_force import decide
from tests.model.samples import at, body
from tests.model.test_operators_words import IDS, SLOT, facts, volume


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
