from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.model.spec import ClusterSpec
from etcd_ops.model.topology import quorum
from etcd_ops.model.transitions import Observed, refusals
from etcd_ops.model.validation import parse
from etcd_ops.model.versions import LINES, RELEASES, Line, Running, Version
from tests.model.cases import Case, changed, label, load
from tests.model.samples import at, body, fingerprint, newcomer, reissued, spec

TRANSITIONS = load("transitions.yaml")


def observed(facts: Mapping[str, Any]) -> Observed:
    """What a case observes."""
    versions = [str(version) for version in facts.get("versions", ())]
    return Observed(
        formed=facts.get("formed"),
        forming=facts.get("forming", False),
        quorum=facts.get("quorum"),
        running=Running.read(str(facts.get("cluster", "")), versions),
        members=frozenset(facts["members"]) if "members" in facts else None,
        origin=frozenset(facts["origin"]) if "origin" in facts else None,
        joined=facts.get("joined"),
        learners=facts.get("learners"),
        database_bytes=facts.get("database"),
        incarnation=facts.get("incarnation"),
        believed=_fingerprints(facts.get("believed", {})),
        known=_fingerprints(facts.get("known", {})),
    )


def _fingerprints(names: Mapping[str, list[str]]) -> dict[str, frozenset[str]]:
    return {domain: frozenset(map(fingerprint, each)) for domain, each in names.items()}


def declared(document: Mapping[str, Any]) -> ClusterSpec:
    """A declaration that is good by itself; previews may hold placeholders."""
    return parse(document) if "0" * 64 not in str(document) else ClusterSpec.model_validate(document)


@pytest.mark.parametrize("case", TRANSITIONS, ids=label)
def test_transitions(case: Case) -> None:
    before = changed(body(), case.get("before", {}))
    found = refusals(declared(before), declared(changed(before, case)), observed(case.get("observed", {})))
    assert [problem.path for problem in found] == case["paths"], "\n".join(map(str, found))
    assert all(problem.reason and problem.remedy for problem in found)
    assert not found or case.get("says", "") in str(found[0])


def test_there_are_enough_cases() -> None:
    assert len([case for case in TRANSITIONS if case["paths"]]) >= 40


OBSERVED = st.builds(
    Observed,
    formed=st.none() | st.booleans(),
    quorum=st.none() | st.booleans(),
    running=st.builds(
        Running,
        st.none() | st.sampled_from([*LINES, Line(3, 8)]),
        st.lists(st.sampled_from(RELEASES), max_size=3).map(tuple),
        st.just(()),
        st.none() | st.sampled_from(sorted(LINES)),
    ),
    members=st.none() | st.frozensets(st.sampled_from(["a-1", "b-1", "c-1", "d-1"])),
    learners=st.none() | st.integers(0, 3),
    database_bytes=st.none() | st.integers(0, 10**10),
    incarnation=st.none() | st.integers(1, 3),
    believed=st.dictionaries(
        st.sampled_from(["peer", "client", "metrics"]), st.frozensets(st.just(fingerprint("peer-ca-1")))
    ),
)


@given(OBSERVED, st.booleans(), st.sampled_from([1, 3, 5, 7]), st.sampled_from(RELEASES))
def test_no_change_is_never_refused(facts: Observed, direct: bool, size: int, version: Version) -> None:
    same = spec(body(size), etcd__version=str(version))
    assert refusals(same, same.model_copy(deep=True), facts, direct=direct) == ()


FREE: dict[str, st.SearchStrategy[Any]] = {
    "environment": st.sampled_from(["production", "test"]),
    "etcd.heartbeatIntervalMs": st.integers(1, 200),
    "etcd.electionTimeoutMs": st.integers(1000, 5000),
    "etcd.snapshotCount": st.integers(1, 10**6),
    "etcd.quotaBackendBytes": st.integers(2 * 1024**3, 8 * 1024**3),
    "etcd.maxLearners": st.integers(1, 3),
    "etcd.extraConfig": st.just({"max-txn-ops": 256}),
    "etcd.binary.sha256": st.just(fingerprint("rebuilt")),
    "members.b-1.volumeBytes": st.integers(10 * 1024**3, 20 * 1024**3),
    "members.b-1.certificates.server": st.just(fingerprint("renewed")),
    "agent.version": st.just("0.2.0"),
    "allowOutage": st.booleans(),
    "renewal.windowHours": st.integers(1, 540),
}


@given(OBSERVED, st.data())
def test_what_needs_no_order_is_never_refused(facts: Observed, data: st.DataObject) -> None:
    after = body()
    for path in data.draw(st.lists(st.sampled_from(sorted(FREE)), unique=True)):
        after = at(after, path, data.draw(FREE[path]))
    assert refusals(spec(), spec(after), facts) == ()


SLOTS = [f"{zone}-{ordinal}" for zone in "abcde" for ordinal in (1, 2)]
MEMBERSHIPS = st.sampled_from([1, 3, 5, 7]).flatmap(
    lambda size: st.lists(st.sampled_from(SLOTS), min_size=size, max_size=size, unique=True)
)


def of(slots: list[str], **changes: Any) -> ClusterSpec:
    return spec(at(body(), "members", {name: newcomer(name) for name in slots}), **changes)


@given(MEMBERSHIPS, MEMBERSHIPS)
def test_a_quorum_of_the_smaller_membership_stays(before: list[str], after: list[str]) -> None:
    allowed = refusals(of(before), of(after)) == ()
    staying = len(set(before) & set(after))
    assert allowed == (set(before) == set(after) or staying >= quorum(min(len(before), len(after))))


@given(MEMBERSHIPS, st.sampled_from([1, 3, 5, 7]))
def test_growing_and_shrinking_by_themselves_are_never_refused(slots: list[str], size: int) -> None:
    more = [*slots, *(name for name in SLOTS if name not in slots)][:size]
    assert refusals(of(slots), of(more)) == ()
    assert refusals(of(more), of(slots)) == ()


@given(MEMBERSHIPS, MEMBERSHIPS)
def test_members_never_change_without_a_quorum(before: list[str], after: list[str]) -> None:
    found = refusals(of(before), of(after), Observed(quorum=False))
    assert (found == ()) == (set(before) == set(after))


def rotated(authorities: list[int], issuer: int) -> ClusterSpec:
    document = at(body(), "trust.peer", {"authorities": {}, "issuer": issuer})
    for generation in authorities:
        document = at(document, f"trust.peer.authorities.{generation}", fingerprint(f"peer-ca-{generation}"))
    return spec(reissued(document, "peer", issuer))


TRUSTS = st.lists(st.integers(1, 4), min_size=1, unique=True).flatmap(
    lambda authorities: st.sampled_from(authorities).map(lambda issuer: (authorities, issuer))
)


@given(TRUSTS, TRUSTS)
def test_every_rotation_keeps_members_and_their_leaves_believed(
    before: tuple[list[int], int], after: tuple[list[int], int]
) -> None:
    """While members change one by one, each of the two ways of being believes the leaves of the other."""
    (old, old_issuer), (new, new_issuer) = before, after
    if refusals(rotated(*before), rotated(*after)) == ():
        assert old_issuer in new
        assert new_issuer in old
        assert all(generation in old or generation > max(old) for generation in new)


@given(st.integers(1, 5))
def test_a_rotation_in_three_steps_is_never_refused(generation: int) -> None:
    following = generation + 1
    steps = [
        ([generation], generation),
        ([generation, following], generation),
        ([generation, following], following),
        ([following], following),
    ]
    for before, after in (steps[0:2], steps[1:3], steps[2:4]):
        believed = {"peer": frozenset(fingerprint(f"peer-ca-{each}") for each in before[0])}
        assert refusals(rotated(*before), rotated(*after), Observed(believed=believed)) == ()
    assert refusals(rotated(*steps[0]), rotated(*steps[2]))
    assert refusals(rotated(*steps[1]), rotated(*steps[3]))


@given(st.integers(1, 5), st.integers(1, 5), st.none() | st.integers(1, 5))
def test_an_incarnation_rises_by_one_or_is_the_one_there_is(before: int, after: int, made: int | None) -> None:
    def incarnation(number: int) -> ClusterSpec:
        document = at(body(), "incarnation", number)
        for domain in ("peer", "client"):
            authorities = {str(number): fingerprint(f"{domain}-ca-{number}")}
            document = at(document, f"trust.{domain}", {"authorities": authorities, "issuer": number})
            document = reissued(document, domain, number)
        return spec(document)

    found = refusals(incarnation(before), incarnation(after), Observed(quorum=False, incarnation=made))
    exists = min(before, made or before)
    allowed = after in (before, exists + 1, made) if after >= before else after == made
    assert (found == ()) == allowed


def test_the_first_declaration() -> None:
    assert refusals(None, spec()) == ()
    adopted = Observed(running=Running.read("3.5.0", ["3.5.20"]))
    assert refusals(None, spec(etcd__version="3.5.34"), adopted) == ()
    assert [problem.path for problem in refusals(None, spec(etcd__version="3.7.2"), adopted)] == ["etcd.version"]
    emptied = Observed(incarnation=2)
    assert [problem.path for problem in refusals(None, spec(), emptied)] == ["incarnation"]
    assert refusals(None, spec(incarnation=2), emptied) == ()
    elsewhere = Observed(addresses={"a-1": ("https://127.44.0.9:2380",)})
    assert [problem.path for problem in refusals(None, spec(), elsewhere)] == ["members.a-1.peerUrl"]
    assert refusals(None, spec(), replace(elsewhere, formed=False)) == ()


def test_an_agent_that_missed_documents_refuses_only_what_no_sequence_may_do() -> None:
    later = changed(body(), {"add": ["d-1", "e-1"], "drop": ["members.a-1", "members.b-1"]})
    later = at(later, "etcd.version", "3.7.2")
    later = at(later, "trust.peer", {"authorities": {"3": fingerprint("peer-ca-3")}, "issuer": 3})
    assert refusals(spec(), spec(reissued(later, "peer", 3)))
    assert refusals(spec(), spec(reissued(later, "peer", 3)), direct=False) == ()
    assert refusals(spec(), spec(at(later, "name", "another")), direct=False)
    assert refusals(spec(incarnation=2), spec(later), direct=False)
    assert refusals(spec(incarnation=2), spec(later), Observed(incarnation=1), direct=False) == ()


@pytest.mark.parametrize("before", [None, spec()])
def test_what_no_sequence_leads_to_is_seen_in_the_cluster_as_it_is(before: ClusterSpec | None) -> None:
    def paths(after: ClusterSpec, **facts: Any) -> list[str]:
        return [problem.path for problem in refusals(before, after, Observed(**facts), direct=False)]

    others, url = of(["a-1", "d-1", "e-1"]), spec().members["a-1"].peer_url
    assert paths(others, members=frozenset({"a-1", "b-1", "c-1"})) == []
    assert paths(spec(etcd__version="3.7.2"), running=Running.read("3.5.0", ["3.5.34"])) == []
    assert paths(spec(incarnation=3), incarnation=1) == paths(spec(incarnation=2), incarnation=3) == ["incarnation"]
    assert paths(spec(incarnation=2), incarnation=1) == paths(others) == []
    moved = spec(at(body(), "members.a-1.peerUrl", "https://127.44.0.9:2380"))
    assert paths(moved, addresses={"a-1": ("https://other:1", url)}) == ["members.a-1.peerUrl"]
    assert paths(others, addresses={"a-1": ("https://other:1", url), "b-1": ()}) == []


def test_the_way_back_to_a_version_that_can_be_reached_is_open_while_members_leave() -> None:
    """Newcomers cannot join with a version that skips a line, so that nobody may leave: only another one helps."""
    skipping = of(["a-1", "b-1", "c-2"], **{"etcd.version": "3.7.2"})
    between = of(["a-1", "b-1", "c-2"], **{"etcd.version": "3.6.15"})
    members = frozenset({"a-1", "b-1", "c-1"})
    stuck = Observed(running=Running.read("3.5.0", ["3.5.34"] * 3), members=members)
    assert refusals(skipping, between, stuck) == ()
    reachable = Observed(running=Running.read("3.6.0", ["3.6.15"] * 3), members=members)
    assert [problem.path for problem in refusals(skipping, between, reachable)] == ["etcd.version"]
