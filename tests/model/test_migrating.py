"""A cluster that is moved over from members which nobody here keeps: what every agent decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from etcd_ops.model.decisions import Decision
from etcd_ops.model.facts import (
    ChannelFacts,
    ClusterFacts,
    Facts,
    Identity,
    Launch,
    LockFacts,
    Memory,
    PeerStatus,
    ProcessFacts,
    Target,
    VolumeFacts,
)
from etcd_ops.model.records import Controls, FormationRecord, FormationState, Started
from etcd_ops.model.spec import ClusterSpec, Desired, Formation, FormationMode
from etcd_ops.model.status import MemberStatus, Role, State
from etcd_ops.model.steps import (
    AddLearner,
    PromoteLearner,
    Remember,
    RemoveMember,
    SetDataAside,
    StageLaunch,
    StopMember,
    TransferLeadership,
    WriteFormation,
)
from tests.model.in_force import decide
from tests.model.migrations import ORIGIN, migrating, names, seen

SLOT = "a-1"


def desired(declared: ClusterSpec, mode: FormationMode = FormationMode.EXISTING) -> Desired:
    return Desired(generation=1, owner="o", formation=Formation(token="t", mode=mode), body=declared.to_wire())


def record(declared: ClusterSpec, started: Iterable[str]) -> FormationRecord:
    entries = {
        slot: Started(
            volume_id=f"v-{slot}",
            peer_url=declared.members[slot].peer_url,
            client_url=declared.members[slot].client_url,
        )
        for slot in started
    }
    return FormationRecord(
        token="t", state=FormationState.FORMED, founders={}, started=entries, cluster_id=ORIGIN, joined=True
    )


def facts(
    declared: ClusterSpec, cluster: ClusterFacts, *, slot: str = SLOT, data: bool = True,
    mode: FormationMode = FormationMode.EXISTING, formation: FormationRecord | None = None, running: bool = True,
    lock: bool = True,
) -> Facts:  # fmt: skip
    """What the agent of a slot knows that holds the lock, and whose member serves where it is listed."""
    document = desired(declared, mode)
    own = next((each for each in cluster.members or () if declared.members[slot].peer_url in each.peer_urls), None)
    identity = Identity(ORIGIN, own.member_id if own else 99) if data else None
    target = Target("text", "configuration", declared.etcd.binary.sha256, {})
    launch = Launch("text", "configuration", declared.etcd.binary.sha256, 1, identity, first_start=False)
    certificates = declared.members[slot].certificates
    volume = VolumeFacts(
        True, f"v-{slot}", data, identity, launch if data else None, good=launch if data else None,
        running_digest="configuration", running_binary=declared.etcd.binary.sha256,
        leaves={use: getattr(certificates, use) for use in ("peer", "server", "metrics", "agent")},
        binaries=frozenset({declared.etcd.binary.sha256}),
    )  # fmt: skip
    channel = ChannelFacts(document, declared, "", formation, Controls(), statuses(declared, cluster))
    memory = Memory(identity=identity, incarnation=1, applied_digest="")
    return Facts(
        slot, 0.0, volume, memory, ProcessFacts(running=running and data, uptime=100.0), channel, cluster,
        LockFacts(None, mine=lock, available=not lock), target=target, agent_version=declared.agent.version,
    )  # fmt: skip


def statuses(declared: ClusterSpec, cluster: ClusterFacts) -> dict[str, PeerStatus]:
    found = {}
    for slot in declared.members:
        role = Role.VOTER if slot in cluster.endpoints else Role.NONE
        status = MemberStatus(
            slot=slot, zone="z", boot_id="b", sequence=1, agent_version="1", state=State.RUNNING, role=role,
            healthy=role is Role.VOTER, volume_marked=True, has_data=role is Role.VOTER,
        )  # fmt: skip
        found[slot] = PeerStatus(status, fresh=True)
    return found


def first(declared: ClusterSpec, cluster: ClusterFacts, mode: FormationMode = FormationMode.JOIN) -> Decision:
    """What is decided before anything was recorded."""
    return decide(facts(declared, cluster, data=False, mode=mode, lock=False))


def test_the_cluster_that_is_joined_is_recorded_before_anything_else() -> None:
    declared = migrating()
    step = first(declared, seen(declared, names(3))).step
    assert isinstance(step, WriteFormation)
    found = step.record
    assert (found.state, found.founders, found.started) == (FormationState.FORMED, {}, {})
    assert found.joined and found.cluster_id == ORIGIN


@pytest.mark.parametrize("mode", [FormationMode.JOIN, FormationMode.NEW])
def test_no_cluster_is_formed_where_another_is_to_be_joined(mode: FormationMode) -> None:
    """Not even where an earlier declaration allowed it, and whoever is to be joined is silent."""
    declared = migrating()
    decision = first(declared, ClusterFacts({}), mode)
    assert decision.step is None and "etcd-0, etcd-1, etcd-2" in decision.reason
    forming = FormationRecord(token="t", state=FormationState.FORMING, founders={SLOT: "https://x:1"})
    found = decide(facts(declared, seen(declared, names(3)), data=False, mode=mode, formation=forming, lock=False))
    assert found.step is None and found.state is State.HELD


def test_nothing_is_joined_without_a_migration() -> None:
    declared = migrating().model_copy(update={"migration": None})
    decision = first(declared, ClusterFacts({}))
    assert decision.step is None and decision.state is State.HELD


def test_two_clusters_under_one_name_are_not_joined() -> None:
    declared = migrating()
    cluster = seen(declared, names(3))
    other = replace(cluster.endpoints["etcd-1"], cluster_id=22)
    decision = first(declared, replace(cluster, endpoints={**cluster.endpoints, "etcd-1": other}))
    assert decision.step is None and "different cluster IDs" in decision.reason


@pytest.mark.parametrize("phase", ["join", "take-over", "return", "leave"])
def test_another_cluster_than_the_recorded_one_holds_everything(phase: str) -> None:
    declared = migrating(phase)
    cluster = seen(declared, [*names(3), *declared.members])
    other = replace(cluster.endpoints["etcd-0"], cluster_id=22)
    found = replace(cluster, endpoints={**cluster.endpoints, "etcd-0": other})
    decision = decide(facts(declared, found, formation=record(declared, declared.members)))
    assert decision.state is State.HELD and "cluster 16 answers, and 15 was joined" in decision.reason


def test_a_slot_joins_as_a_learner_and_starts_in_the_existing_cluster() -> None:
    declared = migrating()
    found = facts(declared, seen(declared, names(3)), data=False, formation=record(declared, [SLOT]))
    step = decide(found).step
    assert isinstance(step, AddLearner) and step.peer_url == declared.members[SLOT].peer_url
    members = seen(declared, [*names(3), SLOT], learners=[SLOT], unhealthy=[SLOT])
    unpublished = tuple(
        replace(each, client_urls=() if each.learner else each.client_urls) for each in members.members or ()
    )
    free = LockFacts(None, available=True)
    step = decide(replace(found, cluster=replace(members, members=unpublished), lock=free)).step
    assert isinstance(step, StageLaunch)
    assert (step.state, step.first_start) == ("existing", True)
    assert [name for name, _ in step.initial_cluster] == [*names(3), SLOT]


def test_nobody_joins_peers_that_do_not_believe_it() -> None:
    """Listed and never started, it would keep the place of the one learner that there may be."""
    declared = migrating()
    found = facts(declared, seen(declared, names(3)), data=False, formation=record(declared, [SLOT]))
    strangers = dict.fromkeys(names(3), "") | {"etcd-1": "unknown authority"}
    decision = decide(replace(found, strangers=strangers))
    assert not isinstance(decision.step, AddLearner)
    assert decision.state is State.HELD and "etcd-1: unknown authority" in decision.reason
    silent = seen(declared, names(3), unhealthy=["etcd-1"])
    assert "unknown authority" not in decide(replace(found, strangers=strangers, cluster=silent)).reason
    assert isinstance(decide(replace(found, strangers=dict.fromkeys(names(3), ""))).step, AddLearner)


@pytest.mark.parametrize(
    ("version", "theirs", "joins"),
    [("3.6.15", "3.6.15", True), ("3.6.15", "3.5.34", True), ("3.7.2", "3.7.2", True), ("3.7.2", "3.6.15", False)],
)
def test_a_version_joins_where_it_can_read_what_the_origin_sends(version: str, theirs: str, joins: bool) -> None:
    declared = migrating(etcd__version=version)
    cluster = seen(declared, names(3))
    endpoints = {name: replace(each, version=theirs) for name, each in cluster.endpoints.items()}
    found = facts(declared, replace(cluster, endpoints=endpoints), data=False, formation=record(declared, [SLOT]))
    decision = decide(found)
    assert isinstance(decision.step, AddLearner) is joins
    assert joins or (decision.state is State.HELD and "declare 3.6.15 until they left" in decision.reason)


def test_the_members_of_the_origin_stay_while_ours_join() -> None:
    declared = migrating("join")
    cluster = seen(declared, [*names(3), *declared.members], unhealthy=["etcd-2"])
    decision = decide(facts(declared, cluster, formation=record(declared, declared.members)))
    assert not isinstance(decision.step, RemoveMember)


def test_the_leadership_is_taken_over_before_anybody_is_removed() -> None:
    declared = migrating("take-over")
    cluster = seen(declared, [*names(3), *declared.members], leader="etcd-1")
    step = decide(facts(declared, cluster, formation=record(declared, declared.members))).step
    assert isinstance(step, TransferLeadership) and step.leader_slot == "etcd-1"
    assert step.member_id == cluster.endpoints[SLOT].member_id


def test_members_of_the_origin_are_removed_unhealthy_ones_first() -> None:
    declared = migrating("take-over")
    cluster = seen(declared, [*names(3), *declared.members], leader=SLOT, unhealthy=["etcd-2"])
    step = decide(facts(declared, cluster, formation=record(declared, declared.members))).step
    assert isinstance(step, RemoveMember) and step.slot == "etcd-2"
    assert step.request is not None


def test_none_is_removed_while_a_declared_member_is_not_healthy() -> None:
    declared = migrating("take-over")
    cluster = seen(declared, [*names(3), *declared.members], leader=SLOT, unhealthy=["b-1"])
    decision = decide(facts(declared, cluster, formation=record(declared, declared.members)))
    assert not isinstance(decision.step, RemoveMember)


def test_none_is_removed_while_a_declared_member_is_missing() -> None:
    declared = migrating("take-over")
    cluster = seen(declared, [*names(3), SLOT, "b-1"], leader=SLOT)
    decision = decide(facts(declared, cluster, formation=record(declared, [SLOT, "b-1"])))
    assert not isinstance(decision.step, RemoveMember)


def test_a_member_of_two_hands_over_as_well() -> None:
    """A hand-over stops nobody: the gate does not ask for allowOutage."""
    declared = migrating("take-over", count=1, size=1)
    cluster = seen(declared, ["etcd-0", SLOT], leader="etcd-0")
    step = decide(facts(declared, cluster, formation=record(declared, [SLOT]))).step
    assert isinstance(step, TransferLeadership)


def test_an_old_member_comes_back_as_a_learner() -> None:
    declared = migrating("return")
    cluster = seen(declared, ["etcd-0", "etcd-2", *declared.members], leader=SLOT)
    step = decide(facts(declared, cluster, formation=record(declared, declared.members))).step
    assert isinstance(step, AddLearner) and declared.migration is not None
    assert (step.slot, step.peer_url) == ("etcd-1", declared.migration.members["etcd-1"].peer_url)
    learning = seen(declared, [*names(3), *declared.members], leader=SLOT, learners=["etcd-1"])
    step = decide(facts(declared, learning, formation=record(declared, declared.members))).step
    assert isinstance(step, PromoteLearner) and step.slot == "etcd-1"


def test_ours_leave_one_by_one_and_hand_the_leadership_back() -> None:
    declared = migrating("leave")
    formation = record(declared, declared.members)
    led = seen(declared, [*names(3), *declared.members], leader="b-1")
    step = decide(facts(declared, led, formation=formation)).step
    assert isinstance(step, TransferLeadership) and step.member_id == led.endpoints["etcd-0"].member_id
    step = decide(facts(declared, seen(declared, [*names(3), *declared.members]), formation=formation)).step
    assert isinstance(step, RemoveMember) and step.slot == SLOT


def test_who_has_left_stops_and_says_so_and_does_not_join_again() -> None:
    declared = migrating("leave")
    formation = record(declared, declared.members)
    found = facts(declared, seen(declared, names(3)), formation=formation, lock=False)
    assert isinstance(decide(found).step, StopMember)
    stopped = replace(found, process=ProcessFacts(running=False))
    assert isinstance(decide(stopped).step, Remember)
    assert found.channel is not None and found.channel.desired is not None
    done = replace(stopped, memory=replace(stopped.memory, applied_digest=found.channel.desired.digest))
    decision = decide(done)
    assert decision.step is None and decision.state is State.RETIRED


def test_who_has_left_joins_again_on_new_data() -> None:
    declared = migrating("join")
    formation = record(declared, declared.members)
    found = facts(declared, seen(declared, names(3)), formation=formation, running=False, lock=False)
    assert isinstance(decide(found).step, SetDataAside)


def test_nobody_leaves_an_origin_that_is_not_complete() -> None:
    declared = migrating("leave")
    cluster = seen(declared, ["etcd-0", "etcd-2", *declared.members], leader="etcd-0")
    decision = decide(facts(declared, cluster, formation=record(declared, declared.members)))
    assert not isinstance(decision.step, RemoveMember)
    assert decision.state is State.HELD and "phase return" in decision.reason


def test_an_empty_slot_does_not_join_what_it_is_to_leave_and_helps_the_others_out() -> None:
    declared = migrating("leave")
    cluster = seen(declared, [*names(3), "b-1"])
    step = decide(facts(declared, cluster, data=False, formation=record(declared, declared.members))).step
    assert isinstance(step, RemoveMember) and step.slot == "b-1"


def test_nobody_despairs_of_disks_that_are_not_known() -> None:
    """One of ours lost its disk, and the origin is away: its disks may all be there."""
    declared = migrating("join")
    found = facts(declared, ClusterFacts({}), data=False, formation=record(declared, [SLOT]))
    memory = replace(found.memory, identity=Identity(ORIGIN, 4))
    assert decide(replace(found, memory=memory)).state is not State.NEEDS_RECOVERY
    assert found.channel is not None
    over = declared.model_copy(update={"migration": None})
    channel = replace(found.channel, spec=over, desired=desired(over))
    assert decide(replace(found, memory=memory, channel=channel)).state is State.NEEDS_RECOVERY
