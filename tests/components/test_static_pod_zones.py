"""Zones of members' nodes: none gets a quorum, and nodes that say otherwise are told."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.model.topology import quorum
from pulumi_etcd.static_pods.zones import other_zone, spread_problems, spread_warnings
from tests.components.static_pods import declaration, place


def slots(*zones: str) -> dict[str, dict[str, Any]]:
    """Members in these zones, each on a node of its own."""
    seen: Counter[str] = Counter()
    found = {}
    for number, zone in enumerate(zones):
        seen[zone] += 1
        found[f"{zone}-{seen[zone]}"] = place(zone, number, node=f"n{number}")
    return found


def told(zones: str, *before: str) -> tuple[list[Problem], list[str]]:
    """What is refused and warned of; members have the same slots in any declaration."""
    after, *known = ({str(number): zone for number, zone in enumerate(each)} for each in (zones, *before))
    return list(spread_problems(after, known)), list(spread_warnings(after, known))


@pytest.mark.parametrize("zones", ["a", "abc", "abcab", "abcde", "aabbccd", "aab"])
def test_a_component_that_knows_no_state_refuses_no_zones(zones: str) -> None:
    """Clusters that are there go on: what a new one may not declare, its Rollout refuses."""
    assert len(declaration(slots=slots(*zones)).slots) == len(zones)


@pytest.mark.parametrize(
    ("zones", "named"),
    [("aab", "0, 1"), ("aaa", "0, 1, 2"), ("abb", "1, 2"), ("aaabc", "0, 1, 2")],
)
def test_a_zone_that_gets_a_quorum_is_refused_with_a_way_out(zones: str, named: str) -> None:
    (problem,), warnings = told(zones)
    assert problem.path == "members"
    assert f"{named} are a quorum of {len(zones)} in zone {zones[int(named[0])]}" in problem.reason
    assert "racks" in problem.remedy
    assert warnings == []


@pytest.mark.parametrize(("before", "zones"), [("aab", "aab"), ("aab", "aaa"), ("aab", "aaabc"), ("aaabc", "aab")])
def test_one_that_had_a_quorum_keeps_it_and_is_told(before: str, zones: str) -> None:
    for accounts in [(before,), (before, "abc"), ("abc", before)]:
        problems, (warning,) = told(zones, *accounts)
        assert problems == []
        assert "in zone a, without which the cluster stops" in warning
        assert "a slot keeps its zone" in warning


@pytest.mark.parametrize("before", ["abc", "a", "bba", "bbb", "aabbc"])
def test_another_zone_than_before_is_refused(before: str) -> None:
    problems, warnings = told("aab", before)
    assert ([each.path for each in problems], warnings) == (["members"], [])


def test_a_zone_is_moved_in_one_declaration() -> None:
    """What counts is what is declared at the end, not how many members there are on the way."""
    before, after = slots(*"abc"), {**slots(*"ab"), "d-1": place("d", 9)}
    assert {each.zone for each in declaration(slots=before).slots} == {"a", "b", "c"}
    assert {each.zone for each in declaration(slots=after).slots} == {"a", "b", "d"}


def test_zones_that_are_missing_are_told_by_their_paths() -> None:
    nowhere = {slot: {key: value for key, value in each.items() if key != "zone"} for slot, each in slots("a").items()}
    with pytest.raises(Invalid) as refused:
        declaration(slots={**nowhere, "b-1": {"node": "nb", "address": "10.1.1.1"}, "c-1": place("c", 2)})
    assert [str(each) for each in refused.value.problems] == [
        "slots.a-1.zone: must be given",
        "slots.b-1.zone: must be given",
    ]


@given(st.lists(st.text("abcd", min_size=1, max_size=7), min_size=1, max_size=3))
def test_every_zone_with_a_quorum_is_either_refused_or_told(declarations: list[str]) -> None:
    zones, *before = (each if len(each) % 2 else each[1:] for each in declarations)
    most = max(Counter(zones).values(), default=0)
    problems, warnings = told(zones, *before)
    assert bool(problems or warnings) == (len(zones) >= 3 and most >= quorum(len(zones)))
    assert not (problems and warnings)


ZONE = "topology.kubernetes.io/zone"


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({}, ""),
        ({ZONE: "a"}, ""),
        ({"topology.kubernetes.io/region": "b"}, ""),
        ({ZONE: "b"}, f"a-1 is declared in zone a, but its node n1 has the label {ZONE}=b"),
    ],
)
def test_a_node_that_names_another_zone_is_told(labels: dict[str, str], told: str) -> None:
    assert other_zone("a-1", "n1", "a", labels) == told
