"""Which step comes before a program is exchanged for one of another line."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.model.decisions import Decision, decide
from etcd_ops.model.facts import (
    NOT_STARTED,
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
from etcd_ops.model.records import Controls, FormationRecord, FormationState, Started
from etcd_ops.model.spec import ClusterSpec, Desired, Formation, FormationMode
from etcd_ops.model.status import MemberStatus, OldEntries, State
from etcd_ops.model.steps import (
    AddLearner,
    CancelDowngrade,
    EnableDowngrade,
    ReleaseLock,
    RemoveMember,
    RestartMember,
    StageLaunch,
    StartMember,
    Step,
)
from tests.model.samples import at, body

SLOT, CLUSTER = "a-1", 77
IDS = {"a-1": 1, "b-1": 2, "c-1": 3}
NONE, COVERED, UNCOVERED = OldEntries.NONE, OldEntries.COVERED, OldEntries.UNCOVERED
Logs = tuple[OldEntries | None, OldEntries | None, OldEntries | None]
CLEAN: Logs = (NONE, NONE, NONE)


@dataclass(frozen=True)
class Situation:
    """Three members that run; a-1's agent decides, with the lock in its hands."""

    declared: str
    running: tuple[str, str, str]
    """What each member's program says it is."""
    cluster: str
    """The cluster version, as a-1's own member says."""
    storage: tuple[str, str, str] = ("", "", "")
    downgrading: str = ""
    logs: Logs = (None, None, None)
    told: str = ""
    """The cluster version, as the others' agents say."""
    silent: frozenset[str] = field(default_factory=frozenset)
    """Slots whose agents publish nothing any more."""

    @property
    def spec(self) -> ClusterSpec:
        return ClusterSpec.model_validate(at(body(), "etcd.version", self.declared))

    def decide(self) -> Decision:
        return decide(self.facts())

    def step(self) -> Step | None:
        return step_of(self.facts())

    def facts(self) -> Facts:
        spec = self.spec
        members = tuple(
            ListedMember(IDS[slot], slot, (each.peer_url,), learner=False, client_urls=(each.client_url,))
            for slot, each in spec.members.items()
        )
        endpoints = {slot: self._endpoint(slot, members) for slot in IDS}
        cluster = ClusterFacts(endpoints, members, frozenset(), cluster_version=self.cluster)
        running = ProcessFacts(running=True, pid=1, uptime=100.0)
        target = Target("configuration", "digest", spec.etcd.binary.sha256, {})
        channel = self._channel(spec)
        assert channel.desired is not None
        memory = Memory(
            desired=channel.desired.encode(), identity=Identity(CLUSTER, 1), incarnation=1, applied_digest="another"
        )
        return Facts(
            SLOT, 0.0, self._volume(spec), memory, running, channel, cluster, LockFacts(None, mine=True),
            target=target, agent_version=spec.agent.version,
        )  # fmt: skip

    def _endpoint(self, slot: str, members: tuple[ListedMember, ...]) -> EndpointFacts:
        at_ = sorted(IDS).index(slot)
        return EndpointFacts(
            IDS[slot], CLUSTER, 3, healthy=True, version=self.running[at_], storage_version=self.storage[at_],
            downgrading=self.downgrading, members=members,
        )  # fmt: skip

    def _volume(self, spec: ClusterSpec) -> VolumeFacts:
        certificates = spec.members[SLOT].certificates
        launch = Launch("former", "former", "former", 1, Identity(CLUSTER, 1), first_start=False)
        return VolumeFacts(
            True, "volume-a", True, Identity(CLUSTER, 1), launch, "former", "former", good=launch,
            leaves={use: getattr(certificates, use) for use in ("peer", "server", "metrics", "agent")},
            binaries=frozenset({spec.etcd.binary.sha256}), old_entries=self.logs[0],
        )  # fmt: skip

    def _channel(self, spec: ClusterSpec) -> ChannelFacts:
        desired = Desired(
            generation=1, owner="o", formation=Formation(token="t", mode=FormationMode.EXISTING), body=spec.to_wire()
        )
        formation = FormationRecord(
            token="t", state=FormationState.FORMED, founders={}, cluster_id=CLUSTER,
            started={
                slot: Started(volume_id=f"volume-{each.zone}", peer_url=each.peer_url, client_url=each.client_url)
                for slot, each in spec.members.items()
            },
        )  # fmt: skip
        statuses = {slot: PeerStatus(self._status(slot, spec), slot not in self.silent) for slot in IDS}
        return ChannelFacts(desired, spec, "", formation, Controls(), statuses)

    def _status(self, slot: str, spec: ClusterSpec) -> MemberStatus:
        at_ = sorted(IDS).index(slot)
        return MemberStatus(
            slot=slot, zone=spec.members[slot].zone, boot_id="b", sequence=1, agent_version=spec.agent.version,
            state=State.RUNNING, healthy=True, version=self.running[at_], old_entries=self.logs[at_],
            cluster_version=self.told, volume_id=f"volume-{slot[0]}", volume_marked=True, has_data=True,
        )  # fmt: skip


def step_of(facts: Facts) -> Step | None:
    """The step that is taken with the lock, or where that is given back, without it."""
    step = decide(facts).step
    if isinstance(step, ReleaseLock):
        step = decide(replace(facts, lock=LockFacts(None, available=True))).step
    return step


UP = Situation("3.7.2", ("3.6.15", "3.6.15", "3.6.15"), "3.6", ("3.6.0",) * 3, logs=CLEAN)
DOWN = Situation("3.6.15", ("3.7.2", "3.7.2", "3.7.2"), "3.7", ("3.7.0",) * 3)


def test_clean_logs_are_upgraded() -> None:
    assert isinstance(UP.step(), RestartMember)
    assert isinstance(replace(UP, logs=(COVERED, NONE, COVERED)).step(), RestartMember)


@pytest.mark.parametrize("logs", [(UNCOVERED, NONE, NONE), (NONE, UNCOVERED, NONE), (COVERED, NONE, UNCOVERED)])
def test_what_3_5_wrote_is_covered_by_snapshots_first(logs: Logs) -> None:
    step = replace(UP, logs=logs).step()
    assert isinstance(step, EnableDowngrade)
    assert step.version == "3.5"


@pytest.mark.parametrize("logs", [(None, NONE, NONE), (NONE, None, NONE), (NONE, UNCOVERED, None)])
def test_a_log_that_nobody_has_read_is_waited_for(logs: Logs) -> None:
    decision = replace(UP, logs=logs).decide()
    assert (replace(UP, logs=logs).step(), decision.state) == (None, State.WORKING)
    assert "is not known" in decision.reason


def test_what_a_silent_agent_said_of_its_log_does_not_count() -> None:
    step = replace(UP, silent=frozenset({"b-1"})).step()
    assert not isinstance(step, (RestartMember, EnableDowngrade))


FALLEN = replace(UP, cluster="3.5", downgrading="3.5.0", logs=(COVERED, UNCOVERED, COVERED))


@pytest.mark.parametrize("logs", [(COVERED, UNCOVERED, NONE), (UNCOVERED, NONE, NONE), (COVERED, None, COVERED)])
@pytest.mark.parametrize("cluster", ["3.5", "3.6", ""])
def test_the_downgrade_is_not_cancelled_before_every_snapshot_is_there(logs: Logs, cluster: str) -> None:
    assert replace(FALLEN, logs=logs, cluster=cluster).step() is None


def test_the_downgrade_is_cancelled_once_every_snapshot_is_there() -> None:
    assert isinstance(replace(FALLEN, logs=(COVERED, COVERED, NONE)).step(), CancelDowngrade)


def test_after_that_the_cluster_version_is_waited_for() -> None:
    risen = replace(FALLEN, downgrading="", logs=(COVERED, COVERED, COVERED))
    decision = risen.decide()
    assert "about to rise" in decision.reason
    assert not isinstance(decision.step, RestartMember)
    assert isinstance(replace(risen, cluster="3.6").step(), RestartMember)


def test_giving_the_upgrade_up_cancels_at_once() -> None:
    assert isinstance(replace(FALLEN, declared="3.6.15").step(), CancelDowngrade)


def test_no_snapshot_can_be_had_this_way_once_somebody_runs_the_newer_line() -> None:
    decision = replace(UP, running=("3.6.15", "3.7.2", "3.6.15"), logs=(NONE, None, UNCOVERED)).decide()
    assert "declare 3.6.15 until" in decision.reason
    assert not isinstance(decision.step, (RestartMember, EnableDowngrade))


def test_who_runs_the_newer_line_is_not_asked_for_its_log() -> None:
    assert isinstance(replace(UP, running=("3.6.15", "3.7.2", "3.7.2"), logs=(NONE, None, None)).step(), RestartMember)


def dead(situation: Situation, failure: str = "") -> Facts:
    """The same, and a-1 does not run."""
    facts = situation.facts()
    endpoints = {slot: each for slot, each in facts.cluster.endpoints.items() if slot != SLOT}
    cluster = replace(facts.cluster, endpoints=endpoints, cluster_version="")
    return replace(facts, cluster=cluster, process=ProcessFacts(running=False, failure=failure))


@pytest.mark.parametrize(
    ("situation", "raised"),
    [
        (replace(UP, told="3.6"), True),
        (replace(UP, told="3.6", logs=(UNCOVERED, NONE, NONE)), False),
        (replace(UP, told="3.6", logs=(None, NONE, NONE)), False),
        (replace(UP, told="3.6", logs=(NONE, UNCOVERED, NONE)), False),
        (replace(UP, told="3.5"), False),
        (replace(DOWN, told="3.7"), False),
        (replace(DOWN, told="3.6", downgrading="3.6.0"), False),
        (replace(UP, declared="3.6.14", told="3.6"), True),
        (UP, False),
    ],
)
def test_a_dead_member_comes_back_with_another_version_only_where_the_cluster_allows_it(
    situation: Situation, raised: bool
) -> None:
    step = step_of(dead(situation))
    assert isinstance(step, StageLaunch if raised else StartMember)


def test_a_member_that_does_not_start_may_try_the_declared_version_though_nobody_tells_the_clusters() -> None:
    facts = dead(UP, failure="exit status 1")
    assert isinstance(step_of(facts), StageLaunch)
    assert facts.volume is not None
    hazard = replace(facts, volume=replace(facts.volume, old_entries=UNCOVERED))
    assert isinstance(step_of(hazard), StartMember)


@pytest.mark.parametrize(("failure", "raised"), [("exit status 1", True), ("", False), (NOT_STARTED, False)])
def test_a_member_that_etcd_ends_may_try_the_next_version_though_no_quorum_serves(failure: str, raised: bool) -> None:
    """It was its configuration that kept it, and with it the quorum, from serving: a corrected one is declared."""
    facts = dead(replace(UP, declared="3.6.15", running=("3.5.34",) * 3, told="3.5"), failure=failure)
    ailing = {slot: replace(each, healthy=False) for slot, each in facts.cluster.endpoints.items()}
    step = step_of(replace(facts, cluster=replace(facts.cluster, endpoints=ailing, members=None)))
    assert isinstance(step, StageLaunch if raised else StartMember)


def newcomer(situation: Situation, *, learner: bool) -> Facts:
    """The same, and a-1 is a new member with an empty volume."""
    facts = dead(situation)
    assert facts.volume is not None and facts.channel is not None and facts.channel.formation is not None
    volume = replace(facts.volume, has_data=False, identity=None, launch=None, good=None)
    others = tuple(each for each in facts.cluster.members or () if each.name != SLOT)
    own = ListedMember(9, "", (situation.spec.members[SLOT].peer_url,), learner=True)
    endpoints = {
        slot: replace(each, members=(*others, own) if learner else others)
        for slot, each in facts.cluster.endpoints.items()
    }
    members = (*others, own) if learner else others
    return replace(
        facts,
        volume=volume,
        memory=Memory(desired=facts.memory.desired),
        cluster=replace(facts.cluster, members=members, endpoints=endpoints),
    )


def test_a_newcomer_joins_with_what_it_can_read() -> None:
    assert isinstance(step_of(newcomer(replace(UP, told="3.6"), learner=False)), AddLearner)
    for log in (COVERED, UNCOVERED):
        decision = decide(newcomer(replace(UP, told="3.6", logs=(None, NONE, log)), learner=False))
        assert not isinstance(decision.step, AddLearner)
        assert "c-1 may still send that to a newcomer: declare 3.6.15 until a-1 has joined" in decision.reason
    unknown = decide(newcomer(replace(UP, told="3.6", logs=(None, NONE, None)), learner=False))
    assert "is not known" in unknown.reason
    declared_again = replace(UP, declared="3.6.15", told="3.6", logs=(None, COVERED, COVERED))
    assert isinstance(step_of(newcomer(declared_again, learner=False)), AddLearner)


@pytest.mark.parametrize("learner", [True, False])
def test_a_newcomer_goes_by_what_members_wrote_where_no_agent_tells_the_cluster_version(learner: bool) -> None:
    """Agents of dropped members do not: it would join with an older program again and again, and etcd refuses it."""
    step = step_of(newcomer(replace(DOWN, told=""), learner=learner))
    assert isinstance(step, RemoveMember if learner else EnableDowngrade)
    assert isinstance(step_of(newcomer(replace(UP, told=""), learner=False)), AddLearner)


def test_a_learner_that_may_not_start_makes_room() -> None:
    """While it is listed and does not run, etcd cannot agree on a version (membersMinimalServerVersion)."""
    step = step_of(newcomer(replace(DOWN, told="3.7"), learner=True))
    assert isinstance(step, RemoveMember)
    assert isinstance(step_of(newcomer(replace(DOWN, told="3.6"), learner=True)), StageLaunch)


def test_a_learner_with_data_that_its_program_cannot_open_makes_room() -> None:
    """It was started while nobody told the cluster's version. With it in the list, etcd agrees on none."""
    facts = dead(replace(DOWN, told="3.7"), failure="invalid downgrade")
    assert facts.volume is not None and facts.volume.launch is not None and facts.target is not None
    launch = replace(facts.volume.launch, configuration_digest="digest", binary_sha256=facts.target.binary_sha256)
    members = tuple(replace(each, learner=each.name == SLOT) for each in facts.cluster.members or ())
    endpoints = {slot: replace(each, members=members) for slot, each in facts.cluster.endpoints.items()}
    cluster = replace(facts.cluster, members=members, endpoints=endpoints)
    stuck = replace(facts, volume=replace(facts.volume, launch=launch, good=None), cluster=cluster)
    assert isinstance(step_of(stuck), RemoveMember)
    assert isinstance(step_of(replace(stuck, process=ProcessFacts(running=False))), StartMember)


def test_a_downgrade_is_announced_first() -> None:
    step = DOWN.step()
    assert isinstance(step, EnableDowngrade)
    assert step.version == "3.6"


@pytest.mark.parametrize(
    ("cluster", "storage", "ready"),
    [
        ("3.7", ("3.7.0", "3.7.0", "3.7.0"), False),
        ("3.6", ("3.7.0", "3.6.0", "3.6.0"), False),
        ("3.6", ("", "3.6.0", "3.6.0"), False),
        ("3.6", ("3.6.0", "3.7.0", "3.7.0"), True),
        ("3.6", ("3.6.0", "3.6.0", "3.6.0"), True),
        ("", ("3.6.0", "3.6.0", "3.6.0"), False),
    ],
)
def test_a_member_is_downgraded_once_its_own_data_can_be_opened(
    cluster: str, storage: tuple[str, str, str], ready: bool
) -> None:
    step = replace(DOWN, cluster=cluster, storage=storage, downgrading="3.6.0").step()
    assert isinstance(step, RestartMember) is ready
    assert not isinstance(step, (EnableDowngrade, CancelDowngrade))


def test_a_downgrade_that_is_not_declared_any_more_is_cancelled_when_everybody_is_back() -> None:
    back = replace(DOWN, declared="3.7.2", cluster="3.6", downgrading="3.6.0", logs=CLEAN)
    assert isinstance(back.step(), CancelDowngrade)
    halfway = replace(back, running=("3.6.15", "3.7.2", "3.7.2"))
    assert isinstance(halfway.step(), RestartMember)


def test_no_line_is_skipped() -> None:
    decision = replace(UP, running=("3.5.34",) * 3, cluster="3.5", storage=("",) * 3).decide()
    assert "declare 3.6.15 first" in decision.reason
    assert decision.state is State.HELD
    assert not isinstance(decision.step, RestartMember)


def test_the_cluster_version_counts_and_not_what_runs() -> None:
    """Every member runs 3.6, and etcd has not agreed on it yet: 3.7 would skip a line."""
    decision = replace(UP, cluster="3.5").decide()
    assert "about to rise" in decision.reason
    assert not isinstance(decision.step, RestartMember)


def test_an_unknown_cluster_version_is_waited_for() -> None:
    assert not isinstance(replace(UP, cluster="").step(), RestartMember)
    assert isinstance(replace(UP, cluster="", told="3.6.0").step(), RestartMember)


def test_a_restart_with_the_same_version_asks_for_none() -> None:
    same = replace(UP, declared="3.6.15", cluster="")
    assert isinstance(same.step(), RestartMember)


def test_what_3_5_wrote_is_not_replayed_where_the_cluster_version_is_said_to_have_risen() -> None:
    """It is told by another agent, and contradicts what runs."""
    told = replace(UP, running=("3.5.34",) * 3, cluster="", told="3.7.0", logs=(NONE, NONE, UNCOVERED))
    assert not isinstance(told.step(), RestartMember)


VERSIONS = st.sampled_from(["3.5.34", "3.6.15", "3.7.2", "3.6.11-rc.1", "3.7.0-alpha.2+dirty", "3.8.0", "", "git"])
LINES = st.sampled_from(["", "3.5", "3.6.0", "3.7.0", "3.8.0", "not_decided", "unknown"])
LOGS = st.sampled_from([None, NONE, NONE, COVERED, UNCOVERED])


@given(
    st.builds(
        Situation,
        declared=st.sampled_from(["3.5.34", "3.6.15", "3.7.2"]),
        running=st.tuples(VERSIONS, VERSIONS, VERSIONS),
        cluster=LINES,
        storage=st.tuples(LINES, LINES, LINES),
        downgrading=st.sampled_from(["", "", "3.5.0", "3.6.0", "3.7.0", "x"]),
        logs=st.tuples(LOGS, LOGS, LOGS),
        told=LINES,
    )
)
def test_whatever_is_observed_nobody_is_started_on_what_it_cannot_open(situation: Situation) -> None:
    own = situation.running[0]
    step = situation.step()
    if not isinstance(step, RestartMember) or own == situation.declared:
        return
    assert situation.cluster[:3] == situation.declared[:3] or situation.cluster[:3] < situation.declared[:3]
    if situation.storage[0].startswith("3."):
        assert situation.storage[0][:3] <= situation.declared[:3]
    if situation.declared == "3.7.2":
        for version, log in zip(situation.running, situation.logs, strict=True):
            assert log in (NONE, COVERED) or version.startswith(("3.7", "3.8"))


def test_a_listed_member_whose_volume_is_empty_has_no_log_to_wait_for() -> None:
    """Found by simulation: its data was lost, and everybody waited for it to say what 3.5 had written there."""
    found = replace(UP, logs=(NONE, NONE, None)).facts()
    channel = found.channel
    assert channel is not None
    silent = {slot: each for slot, each in found.cluster.endpoints.items() if slot != "c-1"}
    found = replace(found, cluster=replace(found.cluster, endpoints=silent))
    other = channel.statuses["c-1"]
    empty = other.status.model_copy(update={"has_data": False, "volume_marked": True})
    emptied = replace(channel, statuses={**channel.statuses, "c-1": replace(other, status=empty)})
    unknown = "whether c-1 would replay what etcd 3.5 wrote is not known"
    assert unknown in decide(found).reason
    assert unknown not in decide(replace(found, channel=emptied)).reason
