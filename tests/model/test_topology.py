from __future__ import annotations

from collections import Counter
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.model.problems import Invalid
from etcd_ops.model.topology import (
    Addressing,
    Loopback,
    OneAddress,
    Slot,
    Topology,
    fatal_zones,
    order_of_change,
    plan,
    quorum,
    tolerates,
)

NAMES = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
ZONES = st.lists(NAMES, min_size=1, max_size=7, unique=True)
SIZES = st.integers(1, 9)
ADDRESSINGS: st.SearchStrategy[Addressing] = st.one_of(
    st.builds(Loopback, st.sampled_from(["127.0.10", "127.3.200"]), st.integers(1024, 60_000)),
    st.builds(OneAddress, st.just("127.0.0.1"), st.integers(1024, 50_000)),
)


def endpoints(slot: Slot) -> list[str]:
    urls = slot.urls
    return [urlsplit(url).netloc for url in (urls.peer, urls.client, urls.metrics, urls.health)]


def by_name(topology: Topology) -> dict[str, Slot]:
    return {slot.name: slot for slot in topology.slots}


def test_three_members_in_three_zones() -> None:
    slots = by_name(plan(["a", "b", "c"], Loopback("127.0.10"), size=3))
    assert list(slots) == ["a-1", "b-1", "c-1"]
    urls = slots["b-1"].urls
    assert (urls.peer, urls.client) == ("https://127.0.10.2:2380", "https://127.0.10.2:2379")
    assert (urls.metrics, urls.health) == ("https://127.0.10.2:2382", "http://127.0.10.2:2381")


def test_five_members_in_three_zones_on_one_address() -> None:
    slots = by_name(plan(["a", "b", "c"], OneAddress(), size=5))
    ports = {name: urlsplit(slot.urls.client).port for name, slot in slots.items()}
    assert ports == {"a-1": 2379, "b-1": 2389, "c-1": 2399, "a-2": 2539, "b-2": 2549}


@given(ZONES, SIZES, ADDRESSINGS)
def test_placement_is_balanced(zones: list[str], size: int, addressing: Addressing) -> None:
    members = Counter(dict.fromkeys(zones, 0))
    members.update(plan(zones, addressing, size=size).zones.values())
    assert sum(members.values()) == size
    assert max(members.values()) - min(members.values()) <= 1


@given(ZONES, SIZES, SIZES, ADDRESSINGS)
def test_growing_never_moves_a_slot(zones: list[str], size: int, more: int, addressing: Addressing) -> None:
    small, large = (plan(zones, addressing, size=count).slots for count in (size, size + more))
    assert large[:size] == small


@given(ZONES, NAMES, SIZES, ADDRESSINGS)
def test_another_zone_never_moves_a_slot_that_stays(
    zones: list[str], zone: str, size: int, addressing: Addressing
) -> None:
    if zone in zones:
        return
    before, after = (by_name(plan(names, addressing, size=size)) for names in (zones, [*zones, zone]))
    for name in before.keys() & after.keys():
        assert before[name] == after[name]


@given(ZONES, st.integers(1, 7), ADDRESSINGS, st.data())
def test_dropping_a_slot_never_moves_the_others_however_they_are_written(
    zones: list[str], size: int, addressing: Addressing, data: st.DataObject
) -> None:
    planned = plan(zones, addressing, size=size)
    kept = data.draw(st.lists(st.sampled_from(planned.slots), min_size=1, unique=True))
    explicit = plan(zones, addressing, slots={slot.name: slot.zone for slot in kept})
    assert explicit.slots == tuple(slot for slot in planned.slots if slot in kept)


@given(ZONES, SIZES, ADDRESSINGS)
def test_no_two_listeners_collide(zones: list[str], size: int, addressing: Addressing) -> None:
    taken = Counter(endpoint for slot in plan(zones, addressing, size=size).slots for endpoint in endpoints(slot))
    assert set(taken.values()) == {1}
    assert len(taken) == 4 * size


@given(ZONES, SIZES)
def test_a_zone_has_an_address_of_its_own(zones: list[str], size: int) -> None:
    hosts: dict[str, set[str | None]] = {}
    for slot in plan(zones, Loopback(), size=size).slots:
        hosts.setdefault(slot.zone, set()).add(urlsplit(slot.urls.peer).hostname)
    assert all(len(each) == 1 for each in hosts.values())
    assert len({host for each in hosts.values() for host in each}) == len(hosts)


def test_a_zone_keeps_its_number_when_another_one_goes() -> None:
    addressing = Loopback()
    before = by_name(plan(["a", "b", "c"], addressing, size=3))
    after = by_name(plan({"a": 0, "c": 2, "d": 3}, addressing, size=3))
    assert list(after) == ["a-1", "c-1", "d-1"]
    assert after["c-1"] == before["c-1"]
    taken = {endpoint for slot in before.values() for endpoint in endpoints(slot)}
    assert not taken & set(endpoints(after["d-1"]))


@given(st.integers(1, 9))
def test_any_two_quorums_share_a_voter(voters: int) -> None:
    assert 2 * quorum(voters) > voters
    assert quorum(voters) + tolerates(voters) == voters
    assert tolerates(voters) < quorum(voters)


@given(st.integers(1, 8))
def test_quorums_overlap_when_one_member_is_added(voters: int) -> None:
    """Why members are changed one at a time: a quorum of the old and one of the new always share a voter."""
    assert quorum(voters) + quorum(voters + 1) > voters + 1


@given(st.dictionaries(NAMES, st.sampled_from("abcd"), min_size=1, max_size=9))
def test_fatal_zones_are_those_without_which_there_is_no_quorum(zones: dict[str, str]) -> None:
    fatal = fatal_zones(zones)
    for zone in set(zones.values()):
        left = sum(1 for each in zones.values() if each != zone)
        assert (left < quorum(len(zones))) == (zone in fatal)


def test_zone_analysis() -> None:
    assert fatal_zones(plan(["a", "b", "c"], Loopback(), size=5).zones) == ()
    assert fatal_zones(plan(["a", "b"], Loopback(), size=3).zones) == ("a",)
    assert fatal_zones({"a-1": "a"}) == ("a",)
    assert fatal_zones({"a-1": "a", "b-1": "b"}) == ("a", "b")


@given(st.dictionaries(NAMES, st.sampled_from("abcd"), min_size=1, max_size=9), st.data())
def test_change_goes_zone_by_zone_and_ends_with_the_leader(zones: dict[str, str], data: st.DataObject) -> None:
    leader = data.draw(st.none() | st.sampled_from(sorted(zones)))
    order = order_of_change(zones, leader)
    assert sorted(order) == sorted(zones)
    visited = [zones[slot] for slot in order]
    changes = [zone for index, zone in enumerate(visited) if index == 0 or visited[index - 1] != zone]
    assert len(changes) == len(set(visited))
    assert leader is None or order[-1] == leader


@pytest.mark.parametrize(
    ("zones", "addressing", "size", "slots", "paths"),
    [
        ([], Loopback(), 3, None, ["zones"]),
        (["a", "a"], Loopback(), 3, None, ["zones"]),
        (["a", "B_"], Loopback(), 3, None, ["zones"]),
        ({"a": 1, "b": 1}, Loopback(), 3, None, ["zones"]),
        ({"a": -1}, Loopback(), 3, None, ["zones"]),
        (["a"], Loopback(), None, None, ["size"]),
        (["a"], Loopback(), 3, {"a-1": "a"}, ["size"]),
        (["a"], Loopback(), 0, None, ["size"]),
        (["a"], Loopback("128.0.0"), 1, None, ["size"]),
        (["a"], Loopback("127.0"), 1, None, ["size"]),
        (["a"], OneAddress("10.0.0.1"), 1, None, ["size"]),
        ({"a": 254}, Loopback(), 1, None, ["size"]),
        ({"a": 16}, OneAddress(), 1, None, ["size"]),
        (["a"], Loopback(base_port=65_533), 1, None, ["size"]),
        (["a"], Loopback(base_port=0), 1, None, ["size"]),
        (["a"], Loopback(), None, {"a-1": "b", "m": "a", "a-01": "a"}, ["slots.a-1", "slots.m", "slots.a-01"]),
        (["a"], Loopback(), None, {"a-1": "a", "x-1": "a"}, ["slots.x-1"]),
        (["a"], Loopback(), None, {"A-1": "a"}, ["slots.A-1"]),
    ],
)
def test_what_cannot_be_placed(
    zones: list[str] | dict[str, int],
    addressing: Addressing,
    size: int | None,
    slots: dict[str, str] | None,
    paths: list[str],
) -> None:
    with pytest.raises(Invalid) as raised:
        plan(zones, addressing, size=size, slots=slots)
    assert [problem.path for problem in raised.value.problems] == paths
    assert all(problem.reason and problem.remedy for problem in raised.value.problems)
