"""Members that neither serve nor may simply be restarted: each has a way out, or says what helps.

The simulation found all of them.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from etcd_ops.model.decisions.starting import OUTDATED
from etcd_ops.model.facts import (
    ClusterFacts,
    Facts,
    Identity,
    Launch,
    ListedMember,
    LockFacts,
    PeerStatus,
    ProcessFacts,
    Target,
    VolumeFacts,
)
from etcd_ops.model.records import Controls
from etcd_ops.model.spec import ClusterSpec
from etcd_ops.model.status import MemberStatus, State
from etcd_ops.model.steps import AddLearner, RemoveMember, RestartMember, RevertLaunch, StartMember, SwitchLeaf
from tests.model.in_force import decide
from tests.model.samples import at, body, fingerprint, spec
from tests.model.test_dropped import dropped
from tests.model.test_incarnations import issuers
from tests.model.test_operators_words import CLUSTER, IDS, SLOT, facts, volume

MINE = Identity(CLUSTER, IDS[SLOT])
REMOVED = "etcd: the member has been permanently removed from the cluster"


def launch(name: str, binary: str = "", *, joins: bool = False) -> Launch:
    program = binary or spec().etcd.binary.sha256
    return Launch(name, name, program, 1, MINE, first_start=False, trusted=issuers(), joins=joins)


def _ran(held: VolumeFacts, staged: Launch) -> VolumeFacts:
    """What runs, or ended, was started with `staged`."""
    return replace(held, launch=staged, running_digest=staged.configuration_digest, running_binary=staged.binary_sha256)


def running(staged: Launch, *, good: Launch | None = None, quorum: bool = True) -> Facts:
    """a-1 runs with `staged`, answers nobody, and its time is over; something else is declared."""
    found = facts(volume(), Controls(), quorum=quorum)
    assert found.volume is not None and found.channel is not None and found.channel.spec is not None
    target = Target("declared", "declared", found.channel.spec.etcd.binary.sha256, {})
    return replace(
        found, volume=_ran(replace(found.volume, good=good), staged), target=target, settle_expired=True,
        process=ProcessFacts(running=True), lock=LockFacts(None, mine=True), settling=True,
    )  # fmt: skip


def learner(found: Facts) -> Facts:
    """The same, as a member that does not vote yet."""
    members = tuple(replace(each, learner=each.name == SLOT) for each in found.cluster.members or ())
    return replace(found, cluster=replace(found.cluster, members=members))


def test_a_learner_that_answers_nobody_takes_what_is_declared_now() -> None:
    step = decide(learner(running(launch("faulty", joins=True)))).step
    assert isinstance(step, RestartMember) and step.target.configuration_digest == "declared"


def test_a_learner_that_may_not_start_with_what_is_declared_makes_room() -> None:
    """It runs a newer program than is declared: a downgrade needs every member to answer."""
    found = learner(running(launch("faulty", "newer program", joins=True)))
    cluster = replace(found.cluster, cluster_version="3.7.0")
    step = decide(replace(found, cluster=cluster)).step
    assert isinstance(step, RemoveMember) and step.member_id == IDS[SLOT]


@pytest.mark.parametrize("expired", [True, False])
def test_without_a_quorum_what_was_good_comes_back_where_what_is_declared_may_not_start(expired: bool) -> None:
    good = launch("good", "newer program")
    found = running(launch("faulty", "newer program"), good=good, quorum=False)
    cluster = ClusterFacts({}, cluster_version="3.7.0")
    step = decide(replace(found, cluster=cluster, settle_expired=expired)).step
    assert isinstance(step, RestartMember) is expired
    assert step is None or (isinstance(step, RestartMember) and step.target.configuration_digest == "good")


def left_behind(found: Facts, process: ProcessFacts, *, expired: bool) -> Facts:
    """A dropped member that runs what was declared last, and had something good before."""
    assert found.volume is not None
    staged = launch("faulty")
    held = replace(
        found.volume, launch=staged, good=launch("good"),
        running_digest=staged.configuration_digest, running_binary=staged.binary_sha256,
    )  # fmt: skip
    return replace(found, volume=held, process=process, settle_expired=expired, lock=LockFacts(None, available=True))


@pytest.mark.parametrize(
    ("process", "expired"),
    [(ProcessFacts(running=True), True), (ProcessFacts(running=False, failure="etcd: not valid"), False)],
)
@pytest.mark.parametrize("quorum", [True, False])
def test_a_dropped_member_that_is_needed_goes_back(process: ProcessFacts, expired: bool, quorum: bool) -> None:
    found = left_behind(dropped(has_data=True, quorum=quorum), process, expired=expired)
    assert isinstance(decide(found).step, RevertLaunch) is not quorum


def test_a_dropped_member_keeps_its_program() -> None:
    """Found by simulation: killed once, it went back to a program that was older than what the cluster agreed on."""
    process = ProcessFacts(running=False, failure="etcd: killed by signal 9")
    found = left_behind(dropped(has_data=True, quorum=False), process, expired=False)
    assert found.volume is not None
    older = replace(found.volume, good=launch("good", "older program"))
    assert not isinstance(decide(replace(found, volume=older)).step, RevertLaunch)


def test_a_removed_member_waits_for_a_quorum_to_say_so() -> None:
    found = running(launch("declared"), quorum=False)
    decision = decide(replace(found, process=ProcessFacts(running=False, failure=REMOVED)))
    assert (decision.step, decision.state) == (None, State.WORKING)


def test_what_only_an_older_program_is_known_for_asks_for_the_newer_version() -> None:
    found = replace(running(launch("declared"), quorum=False), settle_expired=False)
    decision = decide(replace(found, process=ProcessFacts(running=False, failure=f"etcd: {OUTDATED}")))
    assert decision.state is State.HELD
    assert "declare the version that it ran with" in decision.reason


@pytest.mark.parametrize(("fence", "joins"), [(0, True), (1, True), (2, False)])
def test_a_volume_that_was_fenced_in_haste_does_not_join(fence: int, joins: bool) -> None:
    """Whoever makes the incarnation that it gave way to counts on its word."""
    found = facts(volume("new", has_data=False), Controls())
    members = tuple(each for each in found.cluster.members or () if each.name != SLOT)
    memory = replace(found.memory, fence=fence, identity=None)
    target = Target("declared", "declared", "program", {})
    channel = found.channel
    assert channel is not None and channel.formation is not None
    started = {**channel.formation.started, SLOT: channel.formation.started[SLOT].model_copy(update={
        "volume_id": "new", "client_url": channel.spec.members[SLOT].client_url if channel.spec else "",
    })}  # fmt: skip
    formation = channel.formation.model_copy(update={"started": started})
    decision = decide(replace(
        found, memory=memory, cluster=replace(found.cluster, members=members), target=target,
        channel=replace(channel, formation=formation),
    ))  # fmt: skip
    assert isinstance(decision.step, AddLearner) is joins
    assert joins or (decision.state is State.FENCED and "another volume" in decision.reason)


@pytest.mark.parametrize(("fence", "starts"), [(1, True), (2, False)])
def test_data_that_was_fenced_in_haste_does_not_start(fence: int, starts: bool) -> None:
    found = running(launch("declared"))
    stopped = replace(found, process=ProcessFacts(running=False), memory=replace(found.memory, fence=fence))
    decision = decide(stopped)
    assert isinstance(decision.step, StartMember) is starts
    assert starts or (decision.state is State.FENCED and "another volume" in decision.reason)


@pytest.mark.parametrize(
    ("c_1", "lost"), [({}, False), ({"voteless": True}, True), ({"fence": 1}, False), ({"fence": 2}, True)]
)
def test_data_that_cannot_vote_is_no_disk_of_a_quorum(c_1: dict[str, object], lost: bool) -> None:
    """b-1 has lost its disk; c-1 only ever held a learner, or gave way to an incarnation that was never made."""
    found = replace(running(launch("declared"), quorum=False), settle_expired=False)
    assert found.channel is not None

    def status(slot: str, **changes: object) -> PeerStatus:
        told = MemberStatus(
            slot=slot, zone="z", boot_id="x", sequence=1, agent_version="1", state=State.WORKING, volume_id="old",
            volume_marked=True,
        )  # fmt: skip
        return PeerStatus(told.model_copy(update=changes), fresh=True)

    attested = {"attestation": {"slot": "b-1", "member_id": 2, "volume_id": "old", "incarnation": 1}}
    b = PeerStatus(MemberStatus.model_validate({**status("b-1").status.model_dump(), **attested}), fresh=True)
    c = status("c-1", has_data=True, **c_1)
    channel = replace(found.channel, statuses={"b-1": b, "c-1": c})
    assert (decide(replace(found, channel=channel)).state is State.NEEDS_RECOVERY) is lost


def test_a_leaf_whose_issuer_is_not_believed_yet_does_not_bar_the_others() -> None:
    """The peers' issuer waits for b-1; the server's does not, and b-1 may need that one to come back."""
    found = running(launch("declared"))
    generations = {
        domain: {str(number): fingerprint(f"{domain}-ca-{number}") for number in (1, 2)}
        for domain in ("peer", "client")
    }
    declared = body()
    for domain, authorities in generations.items():
        declared = at(declared, f"trust.{domain}", {"authorities": authorities, "issuer": 2})
    rotated = ClusterSpec.model_validate(declared)
    leaves = rotated.members[SLOT].certificates.to_wire()
    trusted = {"peer": (fingerprint("peer-ca-1"),), "client": tuple(generations["client"].values())}
    assert found.channel is not None and found.channel.desired is not None and found.volume is not None
    statuses = {
        slot: PeerStatus(MemberStatus(
            slot=slot, zone="z", boot_id="x", sequence=1, agent_version="1", state=State.WORKING, has_data=True,
            trusted=trusted,
        ), fresh=True)
        for slot in IDS
    }  # fmt: skip
    old = {use: "old" if use in ("peer", "server") else leaf for use, leaf in leaves.items()}
    channel = replace(
        found.channel, spec=rotated, statuses=statuses,
        desired=found.channel.desired.model_copy(update={"body": rotated.to_wire()}),
    )  # fmt: skip
    held = replace(found.volume, leaves=old, credentials=frozenset(leaves.values()))
    step = decide(replace(found, channel=channel, volume=held)).step
    assert isinstance(step, SwitchLeaf) and step.use == "server"


@pytest.mark.parametrize(("good", "asks"), [("older program", False), ("", True)])
def test_two_programs_that_are_both_too_old_do_not_take_turns(good: str, asks: bool) -> None:
    found = replace(running(launch("declared"), good=launch("good", good), quorum=False), settle_expired=False)
    decision = decide(replace(found, process=ProcessFacts(running=False, failure=f"etcd: {OUTDATED}")))
    assert isinstance(decision.step, RevertLaunch) is not asks
    assert not asks or "declare the version that it ran with" in decision.reason


def test_listed_members_are_those_of_the_samples() -> None:
    """What the cases above stand on."""
    assert [each.name for each in facts(volume(), Controls()).cluster.members or ()] == sorted(IDS)
    assert all(isinstance(each, ListedMember) for each in facts(volume(), Controls()).cluster.members or ())
