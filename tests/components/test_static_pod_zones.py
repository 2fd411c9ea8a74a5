"""Zones of members' nodes: none has a quorum, and nodes that say otherwise are told."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.model.problems import Invalid
from etcd_ops.model.topology import quorum
from pulumi_etcd.static_pods.zones import other_zone, spread_problems
from tests.components.static_pods import declaration, place


def slots(*zones: str) -> dict[str, dict[str, Any]]:
    """Members in these zones, each on a node of its own."""
    seen: Counter[str] = Counter()
    found = {}
    for number, zone in enumerate(zones):
        seen[zone] += 1
        found[f"{zone}-{seen[zone]}"] = place(zone, number, node=f"n{number}")
    return found


@pytest.mark.parametrize("zones", ["a", "abc", "abcab", "abcde", "aabbccd"])
def test_where_no_zone_has_a_quorum_members_are_declared(zones: str) -> None:
    assert len(declaration(slots=slots(*zones)).slots) == len(zones)


@pytest.mark.parametrize(
    ("zones", "named"),
    [("aab", "a-1, a-2"), ("aaa", "a-1, a-2, a-3"), ("abb", "b-1, b-2"), ("aaabc", "a-1, a-2, a-3")],
)
def test_a_zone_with_a_quorum_is_refused_with_a_way_out(zones: str, named: str) -> None:
    with pytest.raises(Invalid) as refused:
        declaration(slots=slots(*zones))
    (problem,) = refused.value.problems
    assert problem.path == "slots"
    assert f"{named} are a quorum of {len(zones)} in zone {named[0]}" in problem.reason
    assert "racks" in problem.remedy


def test_a_zone_is_moved_in_one_declaration() -> None:
    """What counts is what is declared at the end, not how many members there are on the way."""
    before, after = slots(*"abc"), {**slots(*"ab"), "d-1": place("d", 9)}
    assert {each.zone for each in declaration(slots=before).slots} == {"a", "b", "c"}
    assert {each.zone for each in declaration(slots=after).slots} == {"a", "b", "d"}


def test_zones_that_are_missing_are_no_quorum() -> None:
    nowhere = {slot: {key: value for key, value in each.items() if key != "zone"} for slot, each in slots("a").items()}
    with pytest.raises(Invalid) as refused:
        declaration(slots={**nowhere, "b-1": {"node": "nb", "address": "10.1.1.1"}, "c-1": place("c", 2)})
    assert [str(each) for each in refused.value.problems] == [
        "slots.a-1.zone: must be given",
        "slots.b-1.zone: must be given",
    ]


@given(st.lists(st.sampled_from("abcd"), max_size=7))
def test_exactly_quorums_of_odd_clusters_are_problems(zones: list[str]) -> None:
    if len(zones) % 2 == 0:
        zones = zones[1:]
    most = max(Counter(zones).values(), default=0)
    found = list(spread_problems({str(number): zone for number, zone in enumerate(zones)}))
    assert bool(found) == (len(zones) >= 3 and most >= quorum(len(zones)))


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
