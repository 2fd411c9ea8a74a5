"""What an operator's or an agent's word is good for: one volume, once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from etcd_ops.model.decisions import Decision, decide
from etcd_ops.model.facts import (
    ChannelFacts,
    ClusterFacts,
    EndpointFacts,
    Facts,
    Identity,
    ListedMember,
    LockFacts,
    Memory,
    PeerStatus,
    ProcessFacts,
    VolumeFacts,
)
from etcd_ops.model.records import (
    Approval,
    Controls,
    FormationRecord,
    FormationState,
    RecoveryOrder,
    Replacement,
    Started,
)
from etcd_ops.model.spec import Desired, Formation, FormationMode
from etcd_ops.model.status import MemberStatus, State
from etcd_ops.model.steps import AcceptMarker, RemoveMember, WriteFormation, WriteFormationLocked
from tests.model.samples import spec

SLOT, CLUSTER = "a-1", 77
IDS = {"a-1": 1, "b-1": 2, "c-1": 3}


def volume(volume_id: str = "old", *, marked: bool = True, has_data: bool = True) -> VolumeFacts:
    identity = Identity(CLUSTER, IDS[SLOT]) if has_data else None
    binaries = frozenset({spec().etcd.binary.sha256})
    certificates = spec().members[SLOT].certificates
    leaves = {use: getattr(certificates, use) for use in ("peer", "server", "metrics", "agent")}
    return VolumeFacts(marked, volume_id if marked else "", has_data, identity, None, leaves=leaves, binaries=binaries)


def facts(of: VolumeFacts, controls: Controls, *, incarnation: int = 1, quorum: bool = True) -> Facts:
    """One member of three, whose cluster is formed; the other two are healthy where there is a quorum."""
    declared = spec(incarnation=incarnation)
    formation = FormationRecord(
        token="t", state=FormationState.FORMED, founders={}, cluster_id=CLUSTER,
        started={slot: Started(volume_id="old", peer_url=each.peer_url) for slot, each in declared.members.items()},
    )  # fmt: skip
    desired = Desired(
        generation=1, owner="o", formation=Formation(token="t", mode=FormationMode.EXISTING), body=declared.to_wire()
    )
    channel = ChannelFacts(desired, declared, "", formation, controls, {})
    listed = tuple(
        ListedMember(IDS[slot], slot, (each.peer_url,), learner=False, client_urls=(each.client_url,))
        for slot, each in declared.members.items()
    )
    endpoints = {slot: EndpointFacts(id_, CLUSTER, 2, healthy=True) for slot, id_ in IDS.items() if slot != SLOT}
    cluster = ClusterFacts(endpoints, listed, frozenset()) if quorum else ClusterFacts({})
    memory = Memory(desired=desired.encode(), identity=Identity(CLUSTER, IDS[SLOT]), incarnation=1)
    return Facts(SLOT, 0.0, of, memory, ProcessFacts(running=False), channel, cluster, LockFacts(None, mine=True))


def approved(kind: str, subject: str, slot: str = SLOT) -> Controls:
    return Controls(approvals=(Approval(kind=kind, slot=slot, subject=subject, by="somebody"),))


@pytest.mark.parametrize(
    ("controls", "accepted"),
    [
        (Controls(), False),
        (approved("volume", "old"), True),
        (approved("volume", "older"), False),
        (approved("volume", ""), False),
        (approved("volume", "old", slot="b-1"), False),
        (approved("replace", "old"), False),
    ],
)
def test_a_volume_without_marker_is_accepted_in_the_place_of_one_volume(controls: Controls, accepted: bool) -> None:
    decision = decide(facts(volume(marked=False, has_data=False), controls))
    assert isinstance(decision.step, AcceptMarker) is accepted
    assert accepted or decision.state is State.NEEDS_APPROVAL


@pytest.mark.parametrize(
    ("controls", "replaced"),
    [
        (Controls(), False),
        (approved("volume", "old"), True),
        (approved("replace", "new"), True),
        (approved("replace", "old"), False),
        (approved("volume", "new"), False),
    ],
)
def test_accepting_a_volume_gives_the_other_one_up(controls: Controls, replaced: bool) -> None:
    decision = decide(facts(volume("new", has_data=False), controls))
    assert isinstance(decision.step, RemoveMember) is replaced
    assert replaced or decision.state is State.NEEDS_APPROVAL


def test_a_platform_may_vouch_that_the_other_one_is_gone() -> None:
    """The replacement is counted then, as that of a disk which lost its data is."""
    found = facts(replace(volume("new", has_data=False), sole=True), Controls())
    decision = decide(found)
    assert isinstance(decision.step, WriteFormationLocked)
    assert found.channel is not None
    [counted] = decision.step.record.replacements
    assert (counted.slot, counted.volume_id, counted.member_id) == (SLOT, "new", IDS[SLOT])
    again = replace(found, channel=replace(found.channel, formation=decision.step.record))
    assert isinstance(decide(again).step, RemoveMember)


def test_what_a_platform_vouches_for_is_limited_as_well() -> None:
    earlier = Replacement(slot=SLOT, volume_id="old", member_id=99, at=0.0)
    found = facts(replace(volume("new", has_data=False), sole=True), Controls())
    assert found.channel is not None and found.channel.formation is not None
    record = found.channel.formation.model_copy(update={"replacements": (earlier,)})
    decision = decide(replace(found, channel=replace(found.channel, formation=record)))
    assert decision.state is State.NEEDS_APPROVAL
    assert not isinstance(decision.step, (RemoveMember, WriteFormationLocked))


def test_data_that_serves_from_an_accepted_volume_is_recorded_so_that_the_word_is_used_up() -> None:
    found = facts(volume("new"), approved("volume", "old"))
    mine = EndpointFacts(IDS[SLOT], CLUSTER, 2, healthy=True)
    cluster = replace(found.cluster, endpoints={**found.cluster.endpoints, SLOT: mine})
    decision = decide(replace(found, cluster=cluster, lock=LockFacts(None, available=True)))
    assert isinstance(decision.step, WriteFormation)
    assert decision.step.record.volume_of(SLOT) == "new"


def test_data_of_a_volume_that_was_given_up_is_not_recorded() -> None:
    """Another ID serves for the slot: what comes back is obsolete."""
    found = facts(volume("older"), Controls())
    listed = tuple(
        replace(each, member_id=9) if each.member_id == IDS[SLOT] else each for each in found.cluster.members or ()
    )
    decision = decide(replace(found, cluster=replace(found.cluster, members=listed)))
    assert not isinstance(decision.step, WriteFormation)


def recovering(fence: int, volume_id: str, overrides: tuple[str, ...] = ("c-1",)) -> Decision:
    """What the survivor decides where b-1 says that it is fenced."""
    order = RecoveryOrder(incarnation=2, survivor=SLOT, overrides=overrides, by="somebody")
    found = facts(volume(), Controls(recovery=order), incarnation=2, quorum=False)
    status = MemberStatus(
        slot="b-1", zone="b", boot_id="x", sequence=1, agent_version="1", state=State.FENCED, fence=fence,
        volume_id=volume_id,
    )  # fmt: skip
    assert found.channel is not None
    channel = replace(found.channel, statuses={"b-1": PeerStatus(status, fresh=True)})
    return decide(replace(found, channel=channel, process=ProcessFacts(running=True)))


@pytest.mark.parametrize(
    ("fence", "volume_id", "goes_on"), [(2, "old", True), (1, "old", False), (2, "another's", False)]
)
def test_a_fence_is_acknowledged_on_the_volume_that_the_slot_runs_on(fence: int, volume_id: str, goes_on: bool) -> None:
    decision = recovering(fence, volume_id)
    assert ("waits for b-1" not in decision.reason) is goes_on


def test_an_operator_vouches_for_who_cannot_acknowledge() -> None:
    assert "waits for c-1" in recovering(2, "old", overrides=()).reason
    assert "waits for" not in recovering(2, "old").reason
