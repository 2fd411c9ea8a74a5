"""The survivor of a lost quorum: forced once, joined by nobody before it is made, never with a program too old."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.model.decisions import Decision
from etcd_ops.model.facts import (
    REMOVED,
    ChannelFacts,
    ClusterFacts,
    EndpointFacts,
    Facts,
    Identity,
    Launch,
    ListedMember,
    LockFacts,
    Memory,
    PeerStatus,
    ProcessFacts,
    Target,
    VolumeFacts,
)
from etcd_ops.model.records import Controls, FormationRecord, FormationState, RecoveryOrder, Started
from etcd_ops.model.recovery import plan_recovery
from etcd_ops.model.spec import ClusterSpec, Desired, Formation, FormationMode
from etcd_ops.model.status import MemberStatus, Role, State
from etcd_ops.model.steps import (
    AddLearner,
    RecreateAgentPod,
    RecreatePod,
    RecreateStoppedPod,
    Remember,
    StageLaunch,
    StartMember,
    Step,
    StopMember,
    WriteFormation,
)
from tests.model.in_force import decide
from tests.model.samples import at, body

SLOT, CLUSTER, MINE = "a-1", 77, Identity(77, 1)


def spec_of(version: str = "3.6.15") -> ClusterSpec:
    return ClusterSpec.model_validate(at(at(body(), "incarnation", 2), "etcd.version", version))


@dataclass(frozen=True)
class Survivor:
    """a-1 is to make incarnation 2 of its data."""

    staged: str = "declared"
    """The configuration that the next start uses."""
    forces: bool = False
    """Whether the permission to force a new cluster is still there."""
    running: bool = True
    failure: str = ""
    expired: bool = False
    """It has not served a read for longer than a start may take."""
    answers: bool = True
    alone: bool = False
    """It leads a cluster that names no other member."""
    made: int = 2
    """Incarnation of the formation record."""
    version: str = "3.6.15"
    cluster_version: str = ""

    def decide(self) -> Decision:
        return decide(self.facts())

    def facts(self) -> Facts:
        spec = spec_of(self.version)
        target = Target("text", "declared", spec.etcd.binary.sha256, {})
        process = ProcessFacts(self.running, failure=self.failure)
        memory = Memory(identity=MINE, incarnation=1)
        return Facts(
            SLOT, 0.0, self._volume(spec), memory, process, _channel(spec, self.made), self._cluster(spec),
            LockFacts(None, available=True), target=target, settle_expired=self.expired,
            agent_version=spec.agent.version,
        )  # fmt: skip

    def _volume(self, spec: ClusterSpec) -> VolumeFacts:
        launch = Launch("text", self.staged, spec.etcd.binary.sha256, 2, MINE, False, self.forces)
        return _volume(spec, MINE, launch)

    def _cluster(self, spec: ClusterSpec) -> ClusterFacts:
        if not self.running or not self.answers:
            return ClusterFacts({}, cluster_version=self.cluster_version)
        listed = (ListedMember(1, SLOT, (spec.members[SLOT].peer_url,), learner=False),) if self.alone else None
        leader = 1 if self.alone else 0
        endpoint = EndpointFacts(1, CLUSTER, leader, healthy=self.alone, members=listed, storage_version="3.6.0")
        return ClusterFacts({SLOT: endpoint}, listed, cluster_version=self.cluster_version)


def _volume(spec: ClusterSpec, identity: Identity | None, launch: Launch | None) -> VolumeFacts:
    certificates = spec.members[SLOT].certificates
    leaves = {use: getattr(certificates, use) for use in ("peer", "server", "metrics", "agent")}
    binaries = frozenset({spec.etcd.binary.sha256})
    return VolumeFacts(
        True, "volume", identity is not None, identity, launch, leaves=leaves, binaries=binaries,
        credentials=frozenset(leaves.values()),
    )  # fmt: skip


def _channel(spec: ClusterSpec, incarnation: int, made_by: int = 1) -> ChannelFacts:
    """The order was given, the others are fenced; `made_by` is the incarnation that c-1's agent notes of its data."""
    desired = Desired(
        generation=1, owner="o", formation=Formation(token="t", mode=FormationMode.EXISTING), body=spec.to_wire()
    )
    started = {
        slot: Started(volume_id="volume", peer_url=each.peer_url, client_url=each.client_url)
        for slot, each in spec.members.items()
    }
    formation = FormationRecord(
        token="t", state=FormationState.FORMED, founders={}, cluster_id=CLUSTER, started=started,
        incarnation=incarnation, survivor=SLOT if incarnation == 2 else None,
    )  # fmt: skip
    order = RecoveryOrder(incarnation=2, survivor=SLOT, by="o")
    statuses = {slot: PeerStatus(_fenced(slot, made_by if slot == "c-1" else 1), True) for slot in ("b-1", "c-1")}
    return ChannelFacts(desired, spec, "", formation, Controls(recovery=order), statuses)


def _fenced(slot: str, incarnation: int) -> MemberStatus:
    return MemberStatus(
        slot=slot, boot_id=f"boot-{slot}", sequence=1, zone=slot, agent_version="", state=State.FENCED,
        volume_id="volume", fence=2, incarnation=incarnation,
    )  # fmt: skip


def test_the_first_start_forces_a_new_cluster() -> None:
    volume = replace(Survivor().facts().volume or _volume(spec_of(), MINE, None), launch=None)
    step = decide(replace(Survivor(running=False).facts(), volume=volume)).step
    assert isinstance(step, StageLaunch) and step.force_new_cluster


def test_another_declaration_does_not_force_it_a_second_time() -> None:
    """The one forced start was made: with the settings before, that cluster may have begun already."""
    assert isinstance(Survivor(staged="before").decide().step, StopMember)
    step = Survivor(staged="before", running=False).decide().step
    assert isinstance(step, StageLaunch) and not step.force_new_cluster


def test_a_permission_that_nobody_used_is_given_again() -> None:
    step = Survivor(staged="before", forces=True, running=False).decide().step
    assert isinstance(step, StageLaunch) and step.force_new_cluster


def test_it_is_forced_again_where_it_says_that_it_waits_for_the_others() -> None:
    step = Survivor(expired=True).decide().step
    assert isinstance(step, StageLaunch) and step.force_new_cluster
    assert isinstance(Survivor(expired=True, forces=True).decide().step, StopMember)
    assert isinstance(Survivor(running=False, forces=True).decide().step, StartMember)


def test_one_that_runs_and_does_not_answer_waits_for_an_operator() -> None:
    decision = Survivor(expired=True, answers=False).decide()
    assert (decision.step, decision.state) == (None, State.NEEDS_RECOVERY)
    assert "declare" in decision.reason


def test_one_that_ends_again_and_again_is_started_and_asks_for_an_operator() -> None:
    decision = Survivor(running=False, failure="etcd: invalid downgrade").decide()
    assert isinstance(decision.step, StartMember)
    assert decision.state is State.NEEDS_RECOVERY and "declare the version" in decision.reason


def test_it_is_made_once_it_is_alone() -> None:
    step = Survivor(alone=True).decide().step
    assert isinstance(step, Remember) and step.memory.incarnation == 2


@given(
    st.builds(
        Survivor, staged=st.sampled_from(("declared", "before")), forces=st.booleans(), running=st.booleans(),
        failure=st.sampled_from(("", "etcd: ended")), expired=st.booleans(), answers=st.booleans(),
        alone=st.booleans(),
    )
)  # fmt: skip
def test_a_forced_start_is_only_repeated_on_evidence(survivor: Survivor) -> None:
    step = survivor.decide().step
    if isinstance(step, StageLaunch) and step.force_new_cluster and not survivor.forces:
        assert survivor.running and survivor.answers and survivor.expired and not survivor.alone


@pytest.mark.parametrize(("declared", "running"), [("3.6.15", "3.7"), ("3.7.2", "3.5")])
def test_no_incarnation_is_made_with_a_program_that_cannot_open_the_data(declared: str, running: str) -> None:
    decision = Survivor(made=1, version=declared, cluster_version=running).decide()
    assert (decision.step, decision.state) == (None, State.NEEDS_RECOVERY)
    assert "declare the version" in decision.reason


def test_a_survivor_is_stopped_after_the_incarnation_is_raised_and_not_before() -> None:
    """Stopped, one that joined as a learner could not say any more that it has a vote, and would be started again."""
    assert isinstance(Survivor(made=1).decide().step, WriteFormation)
    assert isinstance(Survivor(staged="before").decide().step, StopMember)


def test_an_incarnation_is_made_with_a_program_that_can() -> None:
    assert isinstance(Survivor(made=1, running=False).decide().step, WriteFormation)


@pytest.mark.parametrize(("noted", "joins"), [(1, False), (2, True)])
def test_nobody_joins_before_the_survivor_noted_that_it_is_made(noted: int, joins: bool) -> None:
    """Until then it might be started with force once more, and forget whoever joined."""
    spec = spec_of()
    url = spec.members["c-1"].peer_url
    listed = (ListedMember(3, "c-1", (url,), learner=False, client_urls=("https://c",)),)
    endpoint = EndpointFacts(3, CLUSTER, 3, healthy=True, members=listed, version="3.6.15", storage_version="3.6.0")
    cluster = ClusterFacts({"c-1": endpoint}, listed, frozenset(), cluster_version="3.6")
    facts = Facts(
        SLOT, 0.0, _volume(spec, None, None), Memory(), ProcessFacts(running=False), _channel(spec, 2, made_by=noted),
        cluster, LockFacts(None, mine=True), target=Target("text", "declared", spec.etcd.binary.sha256, {}),
        agent_version=spec.agent.version,
    )  # fmt: skip
    assert isinstance(decide(facts).step, AddLearner) is joins


def test_a_survivor_that_lost_its_data_before_it_made_the_incarnation_asks_for_the_next_one() -> None:
    """The others keep their data until somebody has made one: nothing else would ever happen."""
    survivor = Survivor(running=False).facts()
    empty = replace(survivor, volume=_volume(spec_of(), None, None))
    decision = decide(empty)
    assert (decision.step, decision.state) == (None, State.NEEDS_RECOVERY)
    assert "declare incarnation 3" in decision.reason
    assert decide(replace(empty, channel=_channel(spec_of(), 2, made_by=2))).state is not State.NEEDS_RECOVERY


def test_before_the_incarnation_is_made_a_member_without_data_waits_for_it() -> None:
    """Those who keep their data believe the old authorities: declaring these again would undo the recovery."""
    facts = Survivor(running=False).facts()
    channel = _channel(spec_of(), 2)
    assert channel.formation is not None
    channel = replace(channel, formation=channel.formation.model_copy(update={"survivor": "b-1"}))
    decision = decide(replace(facts, volume=_volume(spec_of(), None, None), channel=channel))
    assert decision.step is None
    assert "joins once incarnation 2 serves" in decision.reason
    assert decision.attestation is not None


def test_an_incarnation_that_its_founders_begin_waits_for_no_survivor() -> None:
    """The first incarnation of a cluster need not be called 1."""
    facts = Survivor(running=False).facts()
    channel = _channel(spec_of(), 2)
    assert channel.formation is not None
    record = channel.formation.model_copy(update={"survivor": None, "state": FormationState.FORMING, "started": {}})
    record = record.model_copy(update={"founders": {slot: each.peer_url for slot, each in spec_of().members.items()}})
    founder = replace(
        facts, volume=_volume(spec_of(), None, None), memory=Memory(), channel=replace(channel, formation=record)
    )
    assert "record the first start" in decide(founder).reason


@pytest.mark.parametrize(
    ("failure", "joins", "learner"),
    [(f"etcd: {REMOVED}", False, False), ("etcd: panic: removed all voters", True, False), ("", False, True)],
)
def test_an_incarnation_that_was_made_of_data_without_a_vote_asks_for_the_next_one(
    failure: str, joins: bool, learner: bool
) -> None:
    """A forced start commits what the log ends with, maybe the member's own removal; of a learner etcd panics."""
    facts = Survivor(running=learner, failure=failure).facts()
    assert facts.volume is not None and facts.volume.launch is not None
    volume = replace(facts.volume, launch=replace(facts.volume.launch, joins=joins))
    endpoints = {SLOT: EndpointFacts(1, CLUSTER, 0, healthy=False, learner=True)} if learner else {}
    decision = decide(replace(facts, cluster=ClusterFacts(endpoints), volume=volume))
    assert (decision.step, decision.state) == (None, State.NEEDS_RECOVERY)
    assert "declare incarnation 3" in decision.reason


@pytest.mark.parametrize("made", [1, 2])
@pytest.mark.parametrize(
    ("running", "apart", "step"),
    [(True, False, RecreatePod), (False, False, RecreateStoppedPod), (True, True, RecreateAgentPod)],
)
def test_a_survivor_has_the_pod_made_that_brings_its_program(
    made: int, running: bool, apart: bool, step: type[Step]
) -> None:
    """A quorum is lost amid an upgrade: nobody else is at work, and no gate would ever allow it."""
    facts = Survivor(made=made, running=running).facts()
    assert facts.volume is not None and facts.channel is not None
    other_pod = at(at(spec_of().to_wire(), f"members.{SLOT}.template", "new"), f"members.{SLOT}.agentTemplate", "new")
    channel = _channel(ClusterSpec.model_validate(other_pod), made)
    facts = replace(
        facts, channel=channel, volume=replace(facts.volume, binaries=frozenset()), target=None, template="old",
        agent_template="old" if apart else "", agent_apart=apart, lock=LockFacts(None, mine=running),
    )  # fmt: skip
    found = decide(facts).step
    assert type(found) is step
    assert found.request is None
    assert type(decide(replace(facts, ending=True)).step) is not step or apart


def _with_data(slot: str, index: int, *, voteless: bool = False, role: Role = Role.NONE) -> PeerStatus:
    status = MemberStatus(
        slot=slot, zone="z", boot_id="x", sequence=1, agent_version="1", state=State.WORKING, has_data=True,
        voteless=voteless, role=role, raft_index=index,
    )  # fmt: skip
    return PeerStatus(status, fresh=True)


def test_no_survivor_is_planned_that_may_have_no_vote_where_another_has_one() -> None:
    channel = _channel(spec_of(), 1)
    unknown, voter = _with_data(SLOT, 9, voteless=True), _with_data("b-1", 1)
    plan = plan_recovery(replace(channel, statuses={SLOT: unknown, "b-1": voter}), ClusterFacts({}))
    assert plan.survivor == "b-1"
    alone = plan_recovery(replace(channel, statuses={SLOT: unknown}), ClusterFacts({}))
    assert alone.survivor == SLOT and "nobody is known to have a vote" in "\n".join(alone.lines())
    learner = _with_data(SLOT, 9, role=Role.LEARNER)
    assert plan_recovery(replace(channel, statuses={SLOT: learner}), ClusterFacts({})).refusals


def test_a_survivor_that_was_dropped_before_the_incarnation_is_made_asks_for_another() -> None:
    facts = Survivor().facts()
    spec = spec_of()
    others = {slot: each for slot, each in spec.members.items() if slot != SLOT}
    channel = _channel(spec, 2)
    assert channel.desired is not None
    dropped = spec.model_copy(update={"members": others})
    desired = channel.desired.model_copy(update={"body": dropped.to_wire()})
    decision = decide(replace(facts, channel=replace(channel, desired=desired, spec=dropped), target=None))
    assert (decision.step, decision.state) == (None, State.NEEDS_RECOVERY)
    assert "declare incarnation 3" in decision.reason


@pytest.mark.parametrize(("marked", "lost"), [(True, ("b-1",)), (False, ())])
def test_a_volume_that_cannot_be_read_is_not_called_lost(marked: bool, lost: tuple[str, ...]) -> None:
    """`recover plan` says what is lost: an operator may give up what it names."""
    channel = _channel(spec_of(), 1)
    statuses = {
        slot: PeerStatus(MemberStatus(
            slot=slot, zone="z", boot_id="x", sequence=1, agent_version="1", state=State.WORKING,
            has_data=slot == SLOT, volume_marked=marked or slot == SLOT,
        ), fresh=True)
        for slot in (SLOT, "b-1")
    }  # fmt: skip
    assert channel.formation is not None
    started = {slot: Started(volume_id="v", peer_url="u") for slot in statuses}
    formation = channel.formation.model_copy(update={"started": started})
    found = plan_recovery(replace(channel, statuses=statuses, formation=formation), ClusterFacts({}))
    assert found.lost == lost
