"""Agents judge for themselves what they read, whoever wrote it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from etcd_ops.model.decisions import Decision, decide
from etcd_ops.model.decisions.authorising import accepted_document
from etcd_ops.model.facts import Facts, Memory
from etcd_ops.model.spec import ClusterSpec, Mode
from etcd_ops.model.status import FailedChange, Highest, State
from etcd_ops.model.steps import AcceptDocument, StartMember
from etcd_ops.model.versions import RELEASES
from etcd_ops.rollout.contents import Contents
from etcd_ops.rollout.observing import observed
from etcd_ops.rollout.refusals import forbidden
from tests.model.agents import Watched
from tests.model.cases import Case, changed, label, load
from tests.model.samples import at, body, fingerprint, newcomer, spec

TRANSITIONS = [case for case in load("transitions.yaml") if "&unknown" not in str(case)]
"""Without those of previews, which write nothing."""
FORBIDDEN = [case for case in TRANSITIONS if case["paths"]]
HELD = [case for case in FORBIDDEN if "agents" not in case]
ALLOWED = [case for case in TRANSITIONS if not case["paths"]]


def watched(case: Case, **changes: Any) -> Watched:
    """What agents see of a case's change that was written behind Rollout's back."""
    before = changed(body(), case.get("before", {}))
    return Watched(spec(before), changed(before, case), case.get("observed", {}), **changes)


def decisions(of: Watched) -> list[Decision]:
    """Of every member's agent."""
    return [decide(of.facts(slot)) for slot in of.slots]


def accepts(decision: Decision) -> bool:
    return isinstance(decision.step, AcceptDocument)


def holds(decision: Decision) -> bool:
    return (decision.step, decision.state) == (None, State.HELD) and decision.refused == decision.reason != ""


@pytest.mark.parametrize("case", HELD, ids=label)
def test_what_rollout_refuses_is_not_acted_on(case: Case) -> None:
    for decision in decisions(watched(case)):
        assert holds(decision), decision.step
        assert decision.reason.startswith("generation 2, written by urn:one, is not acted on: ")
        assert decision.reason.endswith(". Correct it, and run `pulumi up`")
        assert any(f"{path}: " in decision.reason for path in case["paths"]), decision.reason


@pytest.mark.parametrize("case", [case for case in FORBIDDEN if "agents" in case], ids=label)
def test_what_only_a_declarer_is_told(case: Case) -> None:
    print(f"{label(case)}: {case['agents']}")
    assert all(accepts(decision) for decision in decisions(watched(case)))


def test_little_is_left_to_declarers() -> None:
    assert len(FORBIDDEN) - len(HELD) <= 5


@pytest.mark.parametrize("direct", [True, False])
@pytest.mark.parametrize("remembers", [True, False])
@pytest.mark.parametrize("case", ALLOWED, ids=label)
def test_what_rollout_accepts_is_in_force_here(case: Case, direct: bool, remembers: bool) -> None:
    """Also where documents between were missed, and on a volume that never saw one."""
    of = watched(case, direct=direct, remembers=remembers)
    for decision in decisions(of):
        assert accepts(decision), decision.reason
        assert isinstance(decision.step, AcceptDocument)
        assert decision.step.document == of.desired.encode()


@pytest.mark.parametrize("case", FORBIDDEN, ids=label)
def test_who_missed_documents_holds_only_where_the_cluster_itself_forbids_it(case: Case) -> None:
    """In doubt, whatever was between is taken to have been judged."""
    certain = ("name", "incarnation")
    for decision in decisions(watched(case, direct=False)):
        assert accepts(decision) or holds(decision)
        if holds(decision):
            where = decision.reason.removeprefix("generation 2, written by urn:one, is not acted on: ")
            assert where.startswith(tuple(f"{path}: " for path in certain)) or ".peerUrl: " in where


@pytest.mark.parametrize("case", [case for case in load("declarations.yaml") if case["paths"]], ids=label)
def test_what_is_wrong_by_itself_is_not_acted_on(case: Case) -> None:
    wrong = changed(body(), case)
    try:
        ClusterSpec.model_validate(wrong)
    except ValidationError:
        return  # unreadable: the rule before holds
    for remembers in (True, False):
        for decision in decisions(Watched(spec(), wrong, remembers=remembers)):
            assert holds(decision)
            assert case["paths"][0] in decision.reason


def facts(after: dict[str, Any], **changes: Any) -> Facts:
    return Watched(spec(), after, **changes).facts("a-1")


MOVED = at(body(), "members.a-1.zone", "z")


def test_an_intact_member_starts_whatever_the_channel_holds() -> None:
    decision = decide(facts(MOVED, running=False))
    assert isinstance(decision.step, StartMember)
    assert "members.a-1.zone: a slot keeps its zone" in decision.refused


def test_it_goes_on_once_a_good_document_is_there_again() -> None:
    assert holds(decide(facts(MOVED)))
    assert accepts(decide(facts(at(body(), "etcd.snapshotCount", 5), direct=False)))


def test_what_was_accepted_is_not_judged_again() -> None:
    of = facts(MOVED)
    assert of.channel is not None and of.channel.desired is not None
    memory = replace(of.memory, desired=of.channel.desired.encode())
    decision = decide(replace(of, memory=memory))
    assert not decision.refused and not accepts(decision)


def test_another_document_under_the_same_generation_is_refused_as_well() -> None:
    of = facts(body())
    decision = decide(replace(of, memory=replace(of.memory, highest=Highest(generation=2, digest="another"))))
    assert holds(decision)
    assert "the channel is behind" in decision.refused


@pytest.mark.parametrize("mode", [Mode.OBSERVE_ONLY, Mode.PAUSED, Mode.RETIRING])
def test_whoever_does_nothing_still_learns_what_is_in_force(mode: Mode) -> None:
    assert accepts(decide(facts(body(), mode=mode)))
    assert holds(decide(facts(MOVED, mode=mode)))


def test_another_owner_takes_over_only_where_it_says_so() -> None:
    decision = decide(facts(body(), owner="urn:two"))
    assert holds(decision)
    assert "owner: the cluster is urn:one's; declare that URN as formerOwner" in decision.reason
    assert accepts(decide(facts(body(), owner="urn:two", former_owner="urn:one")))
    assert accepts(decide(facts(body(), owner="urn:two", direct=False)))  # who knows to whom it belonged meanwhile


def test_a_retired_cluster_is_created_again_with_another_trust() -> None:
    for domain in ("peer", "client", "metrics"):
        again = at(body(), f"trust.{domain}.authorities.1", fingerprint(f"another {domain}"))
        assert accepts(decide(facts(again, mode_before=Mode.RETIRING)))
        assert accepts(decide(facts(again, direct=False)))  # the retiring document was missed
        assert holds(decide(facts(again)))


@pytest.mark.parametrize("case", [{}, {"quorum": False}])
def test_a_member_keeps_its_address_though_nobody_answers(case: Case) -> None:
    moved = at(body(), "members.a-1.peerUrl", "https://127.44.0.9:2380")
    decision = decide(facts(moved, direct=False, case=case))
    assert "members.a-1.peerUrl: its member is reached by https://127.44.0.1:2380" in decision.refused


def test_another_forming_has_no_predecessor() -> None:
    assert accepts(decide(facts(at(body(), "members.a-1.zone", "z"), token="another", direct=False)))


def test_another_release_may_know_more() -> None:
    """An agent that held there would never give way to the release that understands the document."""
    newer = at(body(), "agent.version", "0.2.0")
    for path, value in (("etcd.version", "3.8.0"), ("etcd.logLevel", "silent"), ("renewal.windowHours", 541)):
        assert holds(decide(facts(at(body(), path, value))))
        assert accepts(decide(facts(at(newer, path, value))))
    for path, value in (("etcd.version", "3.8.0-rc.0"), ("name", "another"), ("trust.peer.authorities.x", "1" * 64)):
        assert holds(decide(facts(at(newer, path, value))))


@given(st.binary(max_size=60))
def test_a_memory_of_another_release_is_none(data: bytes) -> None:
    assert accepted_document(Memory(desired=data)) is None
    of = facts(body())
    assert accepts(decide(replace(of, memory=replace(of.memory, desired=data))))


SLOTS = [f"{zone}-{ordinal}" for zone in "abcd" for ordinal in (1, 2)]
SIZES = st.sampled_from([1, 3, 5])
MEMBERSHIPS = SIZES.flatmap(lambda size: st.lists(st.sampled_from(SLOTS), min_size=size, max_size=size, unique=True))
TRUSTS = st.lists(st.integers(1, 3), min_size=1, unique=True).flatmap(
    lambda authorities: st.sampled_from(authorities).map(lambda issuer: (authorities, issuer))
)
VERSIONS = st.sampled_from([str(version) for version in RELEASES])


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    members = {name: newcomer(name) for name in draw(MEMBERSHIPS)}
    authorities, issuer = draw(TRUSTS)
    trust = {str(each): fingerprint(f"peer-ca-{each}") for each in authorities}
    document = at(at(body(), "members", members), "etcd.version", draw(VERSIONS))
    document = at(document, "incarnation", draw(st.integers(1, 3)))
    return at(document, "trust.peer", {"authorities": trust, "issuer": issuer})


@st.composite
def situations(draw: st.DrawFn) -> Watched:
    before = draw(bodies())
    after = draw(bodies() | st.just(before))
    fewer = draw(st.lists(st.sampled_from(sorted(before["members"])), min_size=1, unique=True))
    case = {
        "members": fewer,
        "cluster": draw(st.sampled_from(["3.5", "3.6", "3.7"])),
        "versions": draw(st.lists(VERSIONS, min_size=1, max_size=3)),
        "incarnation": draw(st.integers(1, 3)),
        "believed": {"peer": [f"peer-ca-{each}" for each in draw(st.sets(st.integers(1, 3)))]},
        "quorum": draw(st.sampled_from([None, False])),
    }
    return Watched(spec(before), after, case, direct=draw(st.booleans()), running=draw(st.booleans()))


@given(situations().map(lambda of: replace(of, direct=True)))
def test_no_agent_refuses_what_rollout_accepts_in_the_same_state(of: Watched) -> None:
    for slot in of.slots:
        known = of.facts(slot)
        assert known.channel is not None
        statuses = {each: peer.status for each, peer in known.channel.statuses.items()}
        held = Contents(desired=of.in_force, formation=known.channel.formation, statuses=statuses)
        found = forbidden(of.before, spec(of.body), observed(held, of.before))
        decision = decide(known)
        assert found or accepts(decision), decision.reason


@given(situations())
def test_nothing_but_a_start_follows_from_a_document_that_is_refused(of: Watched) -> None:
    decision = decide(of.facts(of.slots[0]))
    assert accepts(decision) or decision.refused
    if decision.refused:
        assert decision.step is None or isinstance(decision.step, StartMember)
        assert isinstance(decision.step, StartMember) == (not of.running)


@given(situations(), st.booleans())
def test_the_same_body_is_never_refused(of: Watched, remembers: bool) -> None:
    """Under another generation, by the same owner, whatever became of the cluster meanwhile."""
    same = replace(of, body=of.before.to_wire(), direct=False)
    assert accepts(decide(same.facts(of.slots[0])))


@pytest.mark.parametrize(
    ("aware", "refusing", "fresh", "silent", "accepted"),
    [
        (3, 0, True, False, True),
        (2, 1, True, False, True),
        (3, 2, True, False, False),
        (0, 0, True, False, False),
        (3, 0, False, False, False),
        (3, 2, False, True, True),
    ],
)
def test_who_has_nothing_to_judge_by_goes_by_those_whose_members_run(
    aware: int, refusing: int, fresh: bool, silent: bool, accepted: bool
) -> None:
    """Found by simulation: a slot that was only declared by hand joined, and removed everybody else by itself."""
    of = facts(at(body(), "etcd.snapshotCount", 5), remembers=False)
    assert of.channel is not None and of.channel.desired is not None
    digest = of.channel.desired.digest
    statuses = {
        slot: replace(peer, fresh=fresh, silent=silent, status=peer.status.model_copy(update={
            "seen_digest": digest if number < aware else "before",
            "refused": FailedChange(digest=digest, reason="never") if number < refusing else None,
        }))
        for number, (slot, peer) in enumerate(sorted(of.channel.statuses.items()))
    }  # fmt: skip
    newcomer = replace(of, slot="new", channel=replace(of.channel, statuses=statuses))
    assert accepts(decide(newcomer)) is accepted


@pytest.mark.parametrize("mute", [{"trusted": {}}, {"trusted": {}, "has_data": False, "volume_marked": False}])
def test_a_member_that_cannot_tell_what_it_believes_refuses_nothing(mute: dict[str, Any]) -> None:
    """Rollout refuses a rotation then; but it was judged when it was written, and the barriers still hold."""
    rotation = next(case for case in ALLOWED if case.get("name") == "rotation 2")
    of = watched(rotation).facts("a-1")
    assert of.channel is not None
    peer = of.channel.statuses["b-1"]
    statuses = {**of.channel.statuses, "b-1": replace(peer, status=peer.status.model_copy(update=mute))}
    assert accepts(decide(replace(of, channel=replace(of.channel, statuses=statuses))))
