"""The safety gate: what it allows leaves a quorum, and what it does not know never counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.model.facts import ClusterFacts, EndpointFacts, ListedMember
from etcd_ops.model.gate import (
    APPLIED_LAG_BOUND,
    NEVER_WAIVED,
    PROMOTION_LAG_BOUND,
    Action,
    Code,
    Request,
    healthy_voters,
    judge,
    quorum,
)

CHANGES = (Action.REMOVE, Action.ADD_LEARNER, Action.PROMOTE)


def listed(count: int, learners: int = 0) -> tuple[ListedMember, ...]:
    return tuple(
        ListedMember(number, f"m{number}", (f"https://m{number}:2380",), number > count)
        for number in range(1, count + learners + 1)
    )


def endpoint(
    number: int, *, healthy: bool = True, learner: bool = False, lag: int = 0, leader: int = 1
) -> EndpointFacts:
    return EndpointFacts(
        member_id=number,
        cluster_id=7,
        leader_id=leader,
        healthy=healthy,
        learner=learner,
        raft_index=10_000 - lag,
        applied_index=10_000 - lag,
    )


def cluster(voters: int, healthy: set[int], learners: int = 0, **changes: object) -> ClusterFacts:
    members = listed(voters, learners)
    endpoints = {
        each.name: endpoint(each.member_id, healthy=each.member_id in healthy, learner=each.learner) for each in members
    }
    return replace(ClusterFacts(endpoints, members, alarms=frozenset()), **changes)  # type: ignore[arg-type]


def zones(count: int) -> dict[int, str]:
    return {number: f"zone-{number}" for number in range(1, count + 2)}


def codes(request: Request, facts: ClusterFacts) -> set[Code]:
    return {reason.code for reason in judge(request, facts, zones(8)).reasons}


@st.composite
def clusters(draw: st.DrawFn) -> ClusterFacts:
    """Up to seven voters and a learner; any of them may be silent, unhealthy, behind, or see another leader."""
    voters, learners = draw(st.integers(1, 7)), draw(st.integers(0, 1))
    members = listed(voters, learners)
    endpoints = {}
    for each in members:
        if not draw(st.booleans()) and draw(st.booleans()):
            continue
        endpoints[each.name] = endpoint(
            each.member_id,
            healthy=not each.learner and draw(st.sampled_from((True, True, False))),
            learner=each.learner,
            lag=draw(st.sampled_from((0, 0, 0, PROMOTION_LAG_BOUND + 1, APPLIED_LAG_BOUND + 1))),
            leader=draw(st.sampled_from((1, 1, 1, 1, 0, 2))),
        )
    alarms = draw(st.sampled_from((frozenset(), frozenset(), None, frozenset({(1, "NOSPACE")}))))
    return ClusterFacts(endpoints, draw(st.sampled_from((members, members, members, None))), alarms=alarms)


REQUESTS = st.builds(
    Request,
    action=st.sampled_from(Action),
    target=st.integers(0, 8),
    optional=st.booleans(),
    clears_alarm=st.booleans(),
    allow_outage=st.booleans(),
)


@given(clusters(), REQUESTS)
def test_what_is_allowed_leaves_a_quorum(facts: ClusterFacts, request: Request) -> None:
    if not judge(request, facts, zones(8)).allowed:
        return
    assert facts.members is not None
    voters = frozenset(each.member_id for each in facts.members if not each.learner)
    healthy, target = healthy_voters(facts), frozenset({request.target})
    if request.action is Action.TAKE_DOWN and request.target in voters:
        outage = len(voters) <= 2 and request.allow_outage
        assert outage or len(healthy - target) >= quorum(len(voters))
    if request.action in CHANGES:
        assert len(healthy) >= quorum(len(voters))
    if request.action is Action.REMOVE:
        assert len(healthy - target) >= quorum(len(voters - target))
        assert voters != target
    if request.action is Action.PROMOTE:
        assert len(healthy | target) >= quorum(len(voters | target))
        assert request.target not in voters


@given(clusters(), REQUESTS, st.data())
def test_knowing_less_never_allows_more(facts: ClusterFacts, request: Request, data: st.DataObject) -> None:
    if judge(request, facts, zones(8)).allowed or not facts.endpoints:
        return
    silent = data.draw(st.sampled_from(sorted(facts.endpoints)))
    fewer = {slot: each for slot, each in facts.endpoints.items() if slot != silent}
    told = judge(request, facts, zones(8)).reasons
    settled = {Code.DISAGREEMENT, Code.LAG, Code.NOT_CAUGHT_UP}
    if {reason.code for reason in told} & settled:
        return  # the silent one may have been the one that disagreed, or was ahead
    if judge(request, replace(facts, endpoints=fewer), zones(8)).allowed:
        assert_outage_declared(request, facts, silent)


def assert_outage_declared(request: Request, facts: ClusterFacts, silent: str) -> None:
    """The one exception: one of two voters that does not answer is restarted where an outage is declared."""
    voters = {each.member_id for each in facts.members or () if not each.learner}
    assert request.action is Action.TAKE_DOWN
    assert request.allow_outage
    assert request.target in voters
    assert len(voters) == 2
    assert silent == f"m{request.target}"


def test_of_two_voters_a_silent_one_is_restarted_where_an_outage_is_declared() -> None:
    """Beside one that serves, whose other zone is disturbed, the gate waits; one that does not serve stops nothing."""
    facts, request = cluster(2, {1}), Request(Action.TAKE_DOWN, 1, allow_outage=True)
    assert codes(request, facts) == {Code.OTHER_ZONE}
    silent = replace(facts, endpoints={"m2": facts.endpoints["m2"]})
    assert judge(request, silent, zones(8)).allowed
    assert codes(replace(request, allow_outage=False), silent) == {Code.OUTAGE}


@given(clusters(), REQUESTS)
def test_an_unknown_member_list_allows_nothing(facts: ClusterFacts, request: Request) -> None:
    verdict = judge(request, replace(facts, members=None), zones(8))
    assert not verdict.allowed
    assert {reason.code for reason in verdict.reasons} == {Code.MEMBERS_UNKNOWN}


@given(clusters(), REQUESTS)
def test_what_can_wait_is_never_allowed_where_what_cannot_is_not(facts: ClusterFacts, request: Request) -> None:
    if judge(replace(request, optional=True), facts, zones(8)).allowed:
        assert judge(replace(request, optional=False), facts, zones(8)).allowed


@given(clusters(), REQUESTS)
def test_break_glass_never_loses_data(facts: ClusterFacts, request: Request) -> None:
    glass = replace(request, waived=frozenset(code.value for code in Code))
    kept = {reason.code for reason in judge(glass, facts, zones(8)).reasons}
    told = {reason.code for reason in judge(request, facts, zones(8)).reasons}
    expected = told & NEVER_WAIVED if request.action is not Action.TAKE_DOWN else set()
    if facts.members is not None:
        assert kept == expected


@pytest.mark.parametrize(("voters", "healthy", "allowed"), [(3, 3, True), (3, 2, False), (5, 4, False), (5, 5, True)])
def test_optional_steps_wait_for_everybody(voters: int, healthy: int, allowed: bool) -> None:
    request = Request(Action.TAKE_DOWN, 1, optional=True)
    assert judge(request, cluster(voters, set(range(1, healthy + 1))), zones(voters)).allowed is allowed


@pytest.mark.parametrize(("healthy", "allowed"), [({1, 2, 3}, True), ({1, 2}, False), ({2, 3}, True), ({1}, False)])
def test_taking_a_member_down_leaves_a_quorum(healthy: set[int], allowed: bool) -> None:
    assert judge(Request(Action.TAKE_DOWN, 1), cluster(3, healthy), zones(3)).allowed is allowed


def test_a_dead_member_may_always_be_restarted() -> None:
    assert judge(Request(Action.TAKE_DOWN, 3), cluster(3, {1, 2}), zones(3)).allowed


@pytest.mark.parametrize("voters", [1, 2])
def test_small_clusters_need_a_declared_outage(voters: int) -> None:
    facts = cluster(voters, set(range(1, voters + 1)))
    assert codes(Request(Action.TAKE_DOWN, 1), facts) == {Code.OUTAGE}
    assert judge(Request(Action.TAKE_DOWN, 1, allow_outage=True), facts, zones(voters)).allowed


@pytest.mark.parametrize(
    ("voters", "healthy", "allowed"), [(1, {1}, True), (2, {1, 2}, True), (3, {1, 2}, False), (3, {1, 2, 3}, True)]
)
def test_a_learner_counts_as_down_until_it_has_joined(voters: int, healthy: set[int], allowed: bool) -> None:
    assert judge(Request(Action.ADD_LEARNER, 0), cluster(voters, healthy), zones(voters)).allowed is allowed


def test_there_is_one_learner_at_a_time() -> None:
    assert codes(Request(Action.ADD_LEARNER, 0), cluster(3, {1, 2, 3}, learners=1)) == {Code.LEARNER_PRESENT}


def test_a_learner_is_promoted_once_it_has_caught_up() -> None:
    facts = cluster(3, {1, 2, 3}, learners=1)
    assert judge(Request(Action.PROMOTE, 4), facts, zones(4)).allowed
    behind = {**facts.endpoints, "m4": endpoint(4, healthy=False, learner=True, lag=PROMOTION_LAG_BOUND + 1)}
    assert codes(Request(Action.PROMOTE, 4), replace(facts, endpoints=behind)) == {Code.NOT_CAUGHT_UP}
    silent = {slot: each for slot, each in facts.endpoints.items() if slot != "m4"}
    assert codes(Request(Action.PROMOTE, 4), replace(facts, endpoints=silent)) == {Code.NOT_CAUGHT_UP}


def test_the_last_voter_stays() -> None:
    assert Code.FORBIDDEN_TARGET in codes(Request(Action.REMOVE, 1), cluster(1, {1}))


def test_a_full_database_stops_what_can_wait_and_a_corrupt_one_everything() -> None:
    full = cluster(3, {1, 2, 3}, alarms=frozenset({(2, "NOSPACE")}))
    assert codes(Request(Action.TAKE_DOWN, 1, optional=True), full) == {Code.ALARM}
    assert judge(Request(Action.REMOVE, 3), full, zones(3)).allowed
    assert judge(Request(Action.TAKE_DOWN, 1, clears_alarm=True), full, zones(3)).allowed
    corrupt = cluster(3, {1, 2, 3}, alarms=frozenset({(2, "CORRUPT")}))
    assert codes(Request(Action.REMOVE, 3), corrupt) == {Code.ALARM}
    assert codes(Request(Action.REMOVE, 3), cluster(3, {1, 2, 3}, alarms=None)) == {Code.ALARM}


def test_members_that_disagree_stop_everything() -> None:
    facts = cluster(3, {1, 2, 3})
    split = {**facts.endpoints, "m3": endpoint(3, leader=2)}
    assert codes(Request(Action.TAKE_DOWN, 1), replace(facts, endpoints=split)) == {Code.DISAGREEMENT}


def test_one_zone_is_disturbed_at_a_time() -> None:
    facts = cluster(5, {1, 2, 3, 4})
    assert codes(Request(Action.TAKE_DOWN, 1), facts) == {Code.OTHER_ZONE}
    together = {1: "a", 5: "a", 2: "b", 3: "c", 4: "d"}
    assert judge(Request(Action.TAKE_DOWN, 1), facts, together).allowed


def test_a_voter_that_lags_is_waited_for() -> None:
    facts = cluster(3, {1, 2, 3})
    behind = {**facts.endpoints, "m2": endpoint(2, lag=APPLIED_LAG_BOUND + 1)}
    assert codes(Request(Action.TAKE_DOWN, 1), replace(facts, endpoints=behind)) == {Code.LAG}
