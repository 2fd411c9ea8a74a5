"""A member's pod gives way to the declared one as a restart does, and only then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from etcd_ops.model.decisions import View, decide
from etcd_ops.model.decisions.replacing import agent_pod_rule
from etcd_ops.model.facts import ClusterFacts, Facts, LockFacts, PeerStatus, ProcessFacts
from etcd_ops.model.records import LockRecord
from etcd_ops.model.spec import ClusterSpec
from etcd_ops.model.status import FailedChange, MemberStatus, State
from etcd_ops.model.steps import (
    AcquireLock,
    FetchBinary,
    RecreateAgentPod,
    RecreatePod,
    RecreateStoppedPod,
    ReleaseLock,
    Remember,
    RestartMember,
    StageLaunch,
    TransferLeadership,
)
from tests.model.samples import at, body
from tests.model.test_upgrading import IDS, SLOT, Situation, step_of

OLD, NEW = "old", "new"


class InPods(Situation):
    """The same three members in pods, of which all have to be of template `new`."""

    @property
    def spec(self) -> ClusterSpec:
        document = at(body(), "etcd.version", self.declared)
        for slot in IDS:
            document = at(document, f"members.{slot}.template", NEW)
        return ClusterSpec.model_validate(document)


SAME = InPods("3.6.15", ("3.6.15",) * 3, "3.6", ("3.6.0",) * 3)


def facts(template: str, **changes: Any) -> Facts:
    """Of a member that runs what is declared, but perhaps in another pod."""
    known = SAME.facts()
    assert known.volume is not None and known.target is not None
    volume = replace(known.volume, running_digest="digest", running_binary=known.target.binary_sha256)
    return replace(replace(known, template=template, volume=volume), **changes)


def without(known: Facts, *slots: str) -> ClusterFacts:
    """The cluster when these do not answer."""
    endpoints = {slot: each for slot, each in known.cluster.endpoints.items() if slot not in slots}
    return replace(known.cluster, endpoints=endpoints)


def test_another_pod_than_declared_is_made_anew() -> None:
    step = decide(facts(OLD)).step
    assert isinstance(step, RecreatePod)
    assert (step.template, step.member_id) == (NEW, IDS[SLOT])


@pytest.mark.parametrize("template", [NEW, ""])
def test_the_declared_pod_and_no_pod_at_all_are_left_alone(template: str) -> None:
    assert not isinstance(decide(facts(template)).step, RecreateStoppedPod)


def test_a_document_is_not_applied_by_another_pod() -> None:
    refused = facts(OLD, cluster=without(facts(OLD), "b-1", "c-1"))
    decision = decide(refused)
    assert not isinstance(decision.step, (RecreatePod, Remember))
    applied = decide(facts(NEW, lock=LockFacts(None, available=True))).step
    assert applied is not None and not isinstance(applied, RecreatePod)


def test_the_gate_keeps_a_pod_while_another_member_is_down() -> None:
    decision = decide(facts(OLD, cluster=without(facts(OLD), "c-1")))
    assert decision.step is None or not isinstance(decision.step, RecreatePod)
    assert "RecreatePod waits for the gate" in decision.reason


@pytest.mark.parametrize("quota", [1 << 30, 64 << 30])
def test_a_full_database_keeps_a_pod_but_not_from_the_quota_that_gives_it_room(quota: int) -> None:
    """Where the declared program comes with the pod, nothing but another pod brings the declared quota."""
    known = facts(OLD, target=None, missing=("etcd's program",))
    assert known.volume is not None
    endpoints = {
        slot: replace(each, quota_bytes=quota, database_bytes=quota, database_in_use_bytes=quota)
        for slot, each in known.cluster.endpoints.items()
    }
    cluster = replace(known.cluster, endpoints=endpoints, alarms=frozenset({(IDS[SLOT], "NOSPACE")}))
    bare = replace(known, cluster=cluster, volume=replace(known.volume, binaries=frozenset()))
    decision = decide(bare)
    declared = SAME.spec.etcd.quota_backend_bytes
    assert isinstance(decision.step, RecreatePod) is (declared > quota)
    assert ("NOSPACE" in decision.reason) is (declared <= quota)


def test_nobody_recreates_without_the_lock() -> None:
    free = decide(facts(OLD, lock=LockFacts(None, available=True))).step
    assert isinstance(free, AcquireLock)
    taken = LockRecord(holder="b-1/x", nonce="n", epoch=1, term=15.0)
    assert decide(facts(OLD, lock=LockFacts(taken))).step is None


def test_a_leader_hands_over_first() -> None:
    known = facts(OLD)
    leading = {slot: replace(each, leader_id=IDS[SLOT]) for slot, each in known.cluster.endpoints.items()}
    step = decide(replace(known, cluster=replace(known.cluster, endpoints=leading))).step
    assert isinstance(step, TransferLeadership)


STOPPED = ProcessFacts(running=False, failure="not started: no memory")


def test_where_etcd_does_not_run_its_pod_goes_at_once() -> None:
    alone = facts(OLD, process=STOPPED, lock=LockFacts(None), cluster=ClusterFacts({}))
    step = decide(alone).step
    assert isinstance(step, RecreateStoppedPod)
    assert not isinstance(step, RecreatePod)
    assert step.intent is None
    assert isinstance(decide(replace(alone, template=NEW)).step, StageLaunch)


def test_what_is_not_known_to_be_stopped_is_not_recreated_without_the_gate() -> None:
    unknown = facts(OLD, process=None, lock=LockFacts(None), cluster=ClusterFacts({}))
    assert not isinstance(decide(unknown).step, RecreateStoppedPod)


def test_a_program_that_comes_with_the_declared_pod_is_not_looked_for_in_this_one() -> None:
    known = facts(OLD, target=None, missing=("etcd's program",))
    assert known.volume is not None
    bare = replace(known, volume=replace(known.volume, binaries=frozenset()))
    assert isinstance(decide(bare).step, RecreatePod)
    assert isinstance(step_of(replace(bare, template=NEW)), FetchBinary)


def test_a_release_of_the_agent_comes_with_its_image() -> None:
    decision = decide(facts(NEW, agent_version="0.0.9", lock=LockFacts(None, available=True)))
    assert (decision.step, decision.state) == (None, State.HELD)
    assert "declare the image of that release" in decision.reason


class WithAgentsApart(InPods):
    """The same three members, whose agents are in pods of their own, which have to be of template `new` as well."""

    @property
    def spec(self) -> ClusterSpec:
        spec = super().spec
        members = {slot: each.model_copy(update={"agent_template": NEW}) for slot, each in spec.members.items()}
        return spec.model_copy(update={"members": members})


APART = WithAgentsApart("3.6.15", ("3.6.15",) * 3, "3.6", ("3.6.0",) * 3)


def apart(agent_template: str, **changes: Any) -> Facts:
    """Of an agent that runs in a pod of its own; its member runs what is declared."""
    known = APART.facts()
    assert known.volume is not None and known.target is not None
    volume = replace(known.volume, running_digest="digest", running_binary=known.target.binary_sha256)
    found = replace(known, volume=volume, template=NEW, agent_template=agent_template, agent_apart=True, **changes)
    return at_work(found, *(slot for slot in IDS if slot != SLOT))


def at_work(known: Facts, *slots: str) -> Facts:
    """The statuses of these are fresh, and there are no others."""
    assert known.channel is not None
    statuses = {slot: published(slot) for slot in slots}
    return replace(known, channel=replace(known.channel, statuses=statuses))


def published(slot: str, *, fresh: bool = True, agent_template: str = OLD) -> PeerStatus:
    status = MemberStatus(
        slot=slot, zone=slot[0], boot_id="b", sequence=1, agent_version="1", agent_template=agent_template,
        state=State.RUNNING, volume_id=slot,
    )  # fmt: skip
    return PeerStatus(status, fresh=fresh)


def test_another_pod_of_the_agent_is_made_anew_and_the_members_is_not() -> None:
    step = decide(apart(OLD)).step
    assert isinstance(step, RecreateAgentPod)
    assert (step.template, step.request) == (NEW, None)


def test_a_members_pod_waits_for_its_agents_which_shows_that_the_image_starts() -> None:
    both = replace(apart(OLD), template=OLD)
    assert isinstance(decide(both).step, RecreateAgentPod)
    assert both.volume is not None
    changed = replace(both, volume=replace(both.volume, running_digest="another"))
    for known in (both, changed):
        waiting = decide(at_work(known, "b-1"))
        assert not isinstance(waiting.step, (RecreatePod, StageLaunch, RestartMember))
        assert "waits for the agent of c-1" in waiting.reason
    assert isinstance(decide(replace(both, agent_template=NEW)).step, RecreatePod)


def test_the_declared_pod_of_the_agent_and_none_of_its_own_are_left_alone() -> None:
    for template in (NEW, ""):
        assert not isinstance(decide(apart(template)).step, RecreateAgentPod)


def test_no_agent_goes_without_the_lock() -> None:
    assert isinstance(decide(apart(OLD, lock=LockFacts(None, available=True))).step, AcquireLock)


def test_no_agent_goes_while_another_is_silent() -> None:
    """One whose new pod does not come up takes no other with it."""
    for known in (at_work(apart(OLD), "b-1"), at_work(apart(OLD))):
        decision = decide(known)
        assert not isinstance(decision.step, RecreateAgentPod)
        assert "waits for the agent of" in decision.reason
    silent = apart(OLD)
    assert silent.channel is not None
    statuses = {**silent.channel.statuses, "c-1": published("c-1", fresh=False)}
    held = decide(replace(silent, channel=replace(silent.channel, statuses=statuses)))
    assert not isinstance(held.step, RecreateAgentPod)
    assert "waits for the agent of c-1" in held.reason


@pytest.mark.parametrize(
    ("templates", "goes"),
    [
        ({"a-1": OLD, "c-1": OLD}, False),
        ({"a-1": OLD, "c-1": NEW}, False),
        ({"a-1": NEW, "c-1": OLD}, True),
        ({"a-1": NEW, "c-1": NEW}, True),
    ],
)
def test_an_agent_follows_those_before_it_once_they_are_in_their_declared_pods(
    templates: dict[str, str], goes: bool
) -> None:
    """A status is fresh for longer than the lock of an agent that ended: freshness alone would let all of them go."""
    known = apart(OLD)
    assert known.channel is not None and known.channel.desired is not None
    statuses = {slot: published(slot, agent_template=template) for slot, template in templates.items()}
    channel = replace(known.channel, statuses=statuses)
    view = View(replace(known, slot="b-1", channel=channel), channel, known.channel.desired, APART.spec)
    decision = agent_pod_rule(view)
    assert decision is not None
    assert isinstance(decision.step, RecreateAgentPod) is goes
    assert goes or "waits for the agent of a-1" in decision.reason


def digest_of(known: Facts) -> str:
    assert known.channel is not None and known.channel.desired is not None
    return known.channel.desired.digest


@pytest.mark.parametrize("agent_apart", [True, False])
def test_an_agents_image_that_was_taken_back_fails_what_is_declared(agent_apart: bool) -> None:
    """And the lock is given back."""
    known = replace(apart(OLD, agent_pod_failure="ImagePullBackOff"), agent_apart=agent_apart)
    decision = decide(replace(known, agent_pod_taken_back=digest_of(known)))
    assert isinstance(decision.step, ReleaseLock)
    assert (decision.state, decision.failed) == (State.FAILED, digest_of(known))
    assert "was taken back: ImagePullBackOff" in decision.reason


def test_another_document_is_tried_after_one_whose_image_was_taken_back() -> None:
    assert isinstance(decide(apart(OLD, agent_pod_taken_back="0" * 64)).step, RecreateAgentPod)


def test_an_image_that_was_taken_back_elsewhere_is_tried_by_nobody() -> None:
    known = apart(OLD)
    assert known.channel is not None
    for digest, goes in ((digest_of(known), False), ("0" * 64, True)):
        failed = FailedChange(digest=digest, reason="ImagePullBackOff")
        told = published("c-1").status.model_copy(update={"failed": failed})
        statuses = {**known.channel.statuses, "c-1": PeerStatus(told, fresh=True)}
        decision = decide(replace(known, channel=replace(known.channel, statuses=statuses)))
        assert isinstance(decision.step, RecreateAgentPod) is goes
        assert goes or "the change failed on c-1, nobody else tries it: ImagePullBackOff" in decision.reason


def test_a_program_that_comes_with_the_agents_declared_pod_is_looked_for_in_that_one_only() -> None:
    known = apart(OLD, target=None, missing=("etcd's program",))
    assert known.volume is not None
    bare = replace(known, volume=replace(known.volume, binaries=frozenset()))
    assert isinstance(decide(bare).step, RecreateAgentPod)
    assert not isinstance(decide(at_work(bare, "b-1")).step, FetchBinary)
    for template in (NEW, OLD):
        there = replace(bare, agent_template=NEW, template=template)
        assert isinstance(step_of(there), FetchBinary), template


def test_a_program_comes_with_the_members_pod_where_the_agent_is_in_it() -> None:
    """The agent goes first, in place; then the pod is made anew that brings the program."""
    known = replace(apart(OLD, target=None, missing=("etcd's program",)), agent_apart=False, template=OLD)
    assert known.volume is not None
    bare = replace(known, volume=replace(known.volume, binaries=frozenset()))
    assert isinstance(decide(bare).step, RecreateAgentPod)
    assert isinstance(decide(replace(bare, agent_template=NEW)).step, RecreatePod)
    assert isinstance(step_of(replace(bare, agent_template=NEW, template=NEW)), FetchBinary)


def test_an_agent_that_waits_for_another_does_all_else_meanwhile() -> None:
    known = at_work(apart(OLD), "b-1")
    assert known.volume is not None
    changed = replace(known, volume=replace(known.volume, running_digest="another"))
    assert isinstance(decide(changed).step, (StageLaunch, RestartMember))


def test_a_document_is_not_applied_by_an_agent_in_another_pod() -> None:
    assert not isinstance(decide(at_work(apart(OLD), "b-1")).step, Remember)
