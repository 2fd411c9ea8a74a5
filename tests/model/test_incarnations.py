"""What becomes of data of an older incarnation, and what a survivor needs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from etcd_ops.model.facts import (
    REMOVED,
    ChannelFacts,
    ClusterFacts,
    EndpointFacts,
    Facts,
    Launch,
    LockFacts,
    PeerStatus,
    ProcessFacts,
    Target,
    Termination,
)
from etcd_ops.model.records import Controls, RecoveryOrder
from etcd_ops.model.status import MemberStatus, State
from etcd_ops.model.steps import FetchBinary, Remember, RevertLaunch, SetDataAside, StartMember
from tests.model.in_force import decide
from tests.model.samples import spec
from tests.model.test_operators_words import CLUSTER, IDS, SLOT, facts, volume

FREE = LockFacts(None, available=True)


def recovered(made: int | None = None, incarnation: int = 1) -> Facts:
    """The formation record says 2; this member's data is of `incarnation`, another member's status says `made`."""
    found = facts(volume(), Controls(), incarnation=2, quorum=False)
    channel = found.channel
    assert channel is not None and channel.formation is not None
    formation = channel.formation.model_copy(update={"incarnation": 2, "survivor": "b-1"})
    status = MemberStatus(
        slot="b-1", zone="b", boot_id="boot", sequence=1, agent_version="0", state=State.WORKING, incarnation=made or 0
    )
    statuses = {"b-1": PeerStatus(status, fresh=True)} if made is not None else {}
    return replace(
        found,
        channel=replace(channel, formation=formation, statuses=statuses),
        memory=replace(found.memory, incarnation=incarnation),
        lock=FREE,
    )


@pytest.mark.parametrize("made", [None, 0, 1])
def test_old_data_is_kept_until_the_new_incarnation_serves(made: int | None) -> None:
    decision = decide(recovered(made))
    assert (decision.step, decision.state) == (None, State.FENCED)
    assert isinstance(decide(recovered(2)).step, SetDataAside)


@pytest.mark.parametrize("launched", [1, 2])
def test_data_that_nobody_noted_an_incarnation_for_is_of_the_one_it_was_started_for(launched: int) -> None:
    found = recovered(2, incarnation=0)
    launch = Launch("", "", "", launched, None, first_start=False)
    assert found.volume is not None
    step = decide(replace(found, volume=replace(found.volume, launch=launch))).step
    assert isinstance(step, Remember)
    assert step.memory.incarnation == launched


def test_a_survivor_fetches_the_declared_program_itself() -> None:
    order = Controls(recovery=RecoveryOrder(incarnation=2, survivor=SLOT, overrides=("b-1", "c-1"), by="operator"))
    found = facts(replace(volume(), binaries=frozenset()), order, incarnation=2, quorum=False)
    step = decide(replace(found, lock=FREE)).step
    assert isinstance(step, FetchBinary)
    assert step.binary.sha256 == spec().etcd.binary.sha256


def test_a_learner_is_no_survivor() -> None:
    order = Controls(recovery=RecoveryOrder(incarnation=2, survivor=SLOT, overrides=("b-1", "c-1"), by="operator"))
    found = facts(volume(), order, incarnation=2, quorum=False)
    cluster = ClusterFacts({SLOT: EndpointFacts(IDS[SLOT], CLUSTER, 0, healthy=False, learner=True)})
    decision = decide(replace(found, cluster=cluster, lock=FREE))
    assert (decision.step, decision.state) == (None, State.NEEDS_RECOVERY)
    assert "order another one" in decision.reason


JOINED = Launch("", "", "", 1, volume().identity, first_start=False, joins=True)
ORDERED = Controls(recovery=RecoveryOrder(incarnation=2, survivor=SLOT, overrides=("b-1", "c-1"), by="operator"))


def test_data_that_joined_as_a_learner_is_looked_at_before_an_incarnation_is_made_of_it() -> None:
    """Its agent may not have seen its etcd answer since; nothing can be made of a learner's data."""
    found = replace(facts(replace(volume(), launch=JOINED), ORDERED, incarnation=2, quorum=False), lock=FREE)
    assert isinstance(decide(found).step, StartMember)
    silent = decide(replace(found, process=ProcessFacts(running=True)))
    assert (silent.step, silent.state) == (None, State.NEEDS_RECOVERY)
    expired = replace(found, process=ProcessFacts(running=True), settle_expired=True)
    assert "not delivered yet" in decide(expired).reason, "what does not answer may be the last data there is"
    removed = decide(replace(found, process=ProcessFacts(running=False, failure=f"etcd: {REMOVED}")))
    assert (removed.step, removed.state) == (None, State.NEEDS_RECOVERY)
    assert "order another one" in silent.reason and "order another one" in removed.reason


@pytest.mark.parametrize("learner", [True, False])
def test_whether_a_survivor_has_a_vote_etcd_says_once_it_runs(learner: bool) -> None:
    found = replace(facts(replace(volume(), launch=JOINED), ORDERED, incarnation=2, quorum=False), lock=FREE)
    cluster = ClusterFacts({SLOT: EndpointFacts(IDS[SLOT], CLUSTER, 0, healthy=False, learner=learner)})
    decision = decide(replace(found, process=ProcessFacts(running=True), cluster=cluster))
    assert ("order another one" in decision.reason) is learner


def test_a_termination_that_waits_for_the_gate_does_not_let_a_survivor_restart() -> None:
    """It would be restarted for the incarnation that nobody has made yet, without the permission to make it."""
    order = Controls(recovery=RecoveryOrder(incarnation=2, survivor=SLOT, by="operator"))
    found = facts(replace(volume(), launch=launch("old", issuers())), order, incarnation=2, quorum=False)
    target = Target("new", "new", spec().etcd.binary.sha256, issuers())
    pending = replace(
        found, lock=FREE, target=target, process=ProcessFacts(running=True), settle_expired=True,
        termination=Termination.HELD,
    )  # fmt: skip
    decision = decide(pending)
    assert (decision.step, decision.state) == (None, State.NEEDS_RECOVERY)
    assert "proved stopped" in decision.reason


def launch(name: str, trusted: dict[str, tuple[str, ...]]) -> Launch:
    declared, identity = spec(), volume().identity
    assert identity is not None and identity.member_id == IDS[SLOT]
    return Launch(name, name, declared.etcd.binary.sha256, 1, identity, first_start=False, trusted=trusted)


def issuers() -> dict[str, tuple[str, ...]]:
    trust = spec().trust
    return {
        name: (each.authorities[str(each.issuer)],) for name, each in (("peer", trust.peer), ("client", trust.client))
    }


def crashed(failure: str, good: Launch) -> Facts:
    """What is declared was staged, and did not start."""
    target = Target("new", "new", spec().etcd.binary.sha256, issuers())
    staged = launch("new", issuers())
    of = replace(volume(), launch=staged, good=good, running_digest="new", running_binary=staged.binary_sha256)
    found = facts(of, Controls())
    assert isinstance(found.channel, ChannelFacts)
    return replace(found, target=target, lock=FREE, process=ProcessFacts(running=False, failure=failure))


def test_what_etcd_refuses_is_taken_back_and_what_the_launcher_refuses_is_tried_again() -> None:
    good = launch("good", issuers())
    assert isinstance(decide(crashed("etcd: the configuration is not valid", good)).step, RevertLaunch)
    assert isinstance(decide(crashed("not started: the data is of another member", good)).step, StartMember)


@pytest.mark.parametrize("domain", ["peer", "client"])
def test_nobody_goes_back_to_a_launch_that_does_not_believe_the_others(domain: str) -> None:
    stranger = launch("good", issuers() | {domain: ("somebody else",)})
    assert not isinstance(decide(crashed("etcd: the configuration is not valid", stranger)).step, RevertLaunch)
