"""A member whose data are still where whoever ran it before has them: looked at, ended by one gated restart, taken."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.model import decisions
from etcd_ops.model.facts import (
    ClusterFacts,
    EndpointFacts,
    Facts,
    Identity,
    Launch,
    LockFacts,
    Memory,
    Outside,
    ProcessFacts,
    Target,
)
from etcd_ops.model.records import Controls, LockRecord
from etcd_ops.model.spec import Formation, FormationMode, Mode
from etcd_ops.model.status import Highest, State
from etcd_ops.model.steps import (
    AcquireLock,
    FetchBinary,
    ReleaseLock,
    RestartMember,
    SwitchLeaf,
    TakeOver,
    WriteFormation,
)
from tests.model.in_force import decide
from tests.model.samples import spec
from tests.model.test_operators_words import CLUSTER, IDS, SLOT, facts, volume

OWN = Identity(CLUSTER, IDS[SLOT])
TARGET = Target("text", "declared", spec().etcd.binary.sha256, {})
STAGED = Launch(
    configuration="text", configuration_digest="declared", binary_sha256=TARGET.binary_sha256, incarnation=1,
    expected=OWN, first_start=False,
)  # fmt: skip
HARMLESS = (AcquireLock, FetchBinary, ReleaseLock, SwitchLeaf, WriteFormation)


def adopting(
    outside: Outside | None = Outside.KEPT, *, serves: bool = True, launch: Launch | None = None,
    mode: Mode = Mode.ACTIVE, others: bool = True, formed: bool = True,
) -> Facts:  # fmt: skip
    """A member of three, which its kubelet runs from somebody else's manifest."""
    found = facts(replace(volume(), outside=outside, launch=launch), Controls())
    channel = found.channel
    assert channel is not None and channel.desired is not None and channel.formation is not None
    formation = Formation(token="t", mode=FormationMode.EXISTING if formed else FormationMode.ADOPT)
    desired = channel.desired.model_copy(update={"mode": mode, "formation": formation})
    channel = replace(channel, desired=desired, formation=channel.formation if formed else None)
    answers = {slot: each for slot, each in found.cluster.endpoints.items() if others}
    if serves:
        answers[SLOT] = EndpointFacts(IDS[SLOT], CLUSTER, 2, healthy=True, version="3.6.15")
    endpoints = {slot: replace(each, version="3.6.15", members=found.cluster.members) for slot, each in answers.items()}
    cluster = ClusterFacts(endpoints, found.cluster.members, frozenset(), cluster_version="3.6")
    lock = LockFacts(LockRecord(epoch=1, nonce="n", holder="me", term=15.0), mine=True)
    memory = Memory(identity=OWN, incarnation=1, highest=Highest(incarnation=1))
    return replace(
        found, channel=channel, cluster=cluster, target=TARGET, lock=lock, memory=memory,
        agent_version=spec().agent.version,
    )  # fmt: skip


def unlocked(found: Facts) -> Facts:
    """The same for an agent that does not hold the lock."""
    return replace(found, lock=LockFacts(None, available=True))


def test_a_member_that_answers_is_ended_under_the_lock_through_the_gate() -> None:
    step = decide(adopting()).step
    assert isinstance(step, RestartMember)
    assert step.request is not None
    assert step.expected == OWN
    assert isinstance(decide(unlocked(adopting())).step, AcquireLock)


def test_it_is_not_ended_where_the_others_have_no_quorum_without_it() -> None:
    found = adopting()
    alone = {slot: each for slot, each in found.cluster.endpoints.items() if slot != "c-1"}
    decision = decide(unlocked(replace(found, cluster=replace(found.cluster, endpoints=alone))))
    assert not isinstance(decision.step, (RestartMember, TakeOver))
    assert "waits for the gate" in decision.reason


def test_observing_says_what_it_would_do_and_does_nothing() -> None:
    decision = decide(unlocked(adopting(mode=Mode.OBSERVE_ONLY)))
    assert (decision.step, decision.state) == (None, State.HELD)
    assert decision.reason.startswith("observing only; would AcquireLock: for RestartMember")


def test_one_that_ends_by_itself_is_its_kubelets_to_start() -> None:
    """Two etcds would be on one disk."""
    decision = decide(adopting(serves=False, launch=STAGED))
    assert decision.step is None or not isinstance(decision.step, TakeOver)
    assert "waits for whoever runs it to start it" in decision.reason


def test_one_that_was_ended_is_taken_without_lock_and_gate() -> None:
    """The agent was killed after it had set the manifest aside: nobody else starts the member any more."""
    found = adopting(Outside.RELEASED, serves=False, launch=STAGED)
    for each in (replace(found, settling=True), unlocked(found), replace(found, lock=LockFacts(None))):
        assert isinstance(decide(each).step, TakeOver)
    assert isinstance(decisions.decide(replace(found, channel=None, lock=LockFacts(None))).step, TakeOver)
    paused = adopting(Outside.RELEASED, serves=False, launch=STAGED, mode=Mode.PAUSED)
    assert isinstance(decide(unlocked(paused)).step, TakeOver)


@pytest.mark.parametrize("launch", [None, replace(STAGED, expected=Identity(CLUSTER, 4711))])
def test_a_manifest_that_somebody_took_away_begins_nothing(launch: Launch | None) -> None:
    decision = decide(unlocked(adopting(Outside.RELEASED, serves=False, launch=launch)))
    assert (decision.step, decision.state) == (None, State.HELD)
    assert "put its manifest back" in decision.reason


def test_a_member_that_serves_has_lost_nothing() -> None:
    """As where `adopt` is taken back too early: the agent does not see its data any more."""
    found = adopting()
    assert found.volume is not None
    bare = replace(found.volume, outside=None, has_data=False, identity=None)
    decision = decide(unlocked(replace(found, volume=bare)))
    assert (decision.step, decision.state, decision.attestation) == (None, State.HELD, None)
    assert "declare `adopt` again" in decision.reason


@given(
    outside=st.sampled_from(Outside),
    serves=st.booleans(),
    others=st.booleans(),
    formed=st.booleans(),
    mode=st.sampled_from([Mode.ACTIVE, Mode.PAUSED, Mode.OBSERVE_ONLY, Mode.RETIRING]),
    launch=st.sampled_from([None, STAGED, replace(STAGED, incarnation=0)]),
    removed=st.booleans(),
    reachable=st.booleans(),
)
def test_data_that_are_elsewhere_are_never_started_nor_moved_by_anything_else(
    outside: Outside, serves: bool, others: bool, formed: bool, mode: Mode, launch: Launch | None, removed: bool,
    reachable: bool,
) -> None:  # fmt: skip
    found = adopting(outside, serves=serves, launch=launch, mode=mode, others=others, formed=formed)
    if removed:
        listed = tuple(each for each in found.cluster.members or () if each.name != SLOT)
        endpoints = {slot: replace(each, members=listed) for slot, each in found.cluster.endpoints.items()}
        found = replace(found, cluster=replace(found.cluster, members=listed, endpoints=endpoints))
        found = replace(found, process=ProcessFacts(running=False, failure="the member has been permanently removed"))
    decision = decide(found) if reachable else decisions.decide(replace(found, channel=None))
    step = decision.step
    allowed = [*HARMLESS]
    if mode is Mode.ACTIVE and serves and reachable:
        allowed.append(RestartMember)
    if outside is Outside.RELEASED and launch == STAGED:
        allowed.append(TakeOver)
    assert step is None or isinstance(step, tuple(allowed)), step
    assert decision.attestation is None
