"""Values of resources that are not known yet, or are not what they should be."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from etcd_policies.catalogue import catalogue
from etcd_policies.fleet_rule import FleetRule
from etcd_policies.resource_rule import ResourceRule
from tests.policies.contracts import previewing
from tests.policies.declared import DOCUMENTS, GOOD, Resources, changed, judge

RULES = {name: rule for name, rule in catalogue().items() if isinstance(rule, ResourceRule | FleetRule)}
SECRET = "hunter2"
UNKNOWN = "is not known, so that it cannot be judged"


def paths(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    """Every property of a resource, however deep; a policy document is one text."""
    if isinstance(value, Mapping) and path[-1] not in DOCUMENTS:
        for key, inner in value.items():
            yield (*path, key)
            yield from paths(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield (*path, index)
            yield from paths(inner, (*path, index))


PLACES = [path for number, each in enumerate(GOOD) for path in paths(each["properties"], (number, "properties"))]
names = st.sampled_from(sorted(RULES))
places = st.sampled_from(PLACES)
junk = (
    st.booleans() | st.integers() | st.floats() | st.just(SECRET) | st.lists(st.just(SECRET)) | st.just({"a": SECRET})
)


def put(place: tuple[str | int, ...], value: Any) -> Resources:
    resources = copy.deepcopy(GOOD)
    section: Any = resources
    for key in place[:-1]:
        section = section[key]
    section[place[-1]] = value
    return resources


@given(names, places)
def test_in_a_preview_unknown_values_refuse_nothing(name: str, place: tuple[str | int, ...]) -> None:
    told: list[str] = []
    with previewing(), suppress(UnknownValueError):
        judge(RULES[name], put(place, UNKNOWN_STRING_VALUE), told=told)
    assert told == []


@given(names, places)
def test_outside_a_preview_nothing_unknown_passes_that_a_rule_asks_for(name: str, place: tuple[str | int, ...]) -> None:
    unknown = put(place, UNKNOWN_STRING_VALUE)
    with previewing(False):
        told = judge(RULES[name], unknown)
    with previewing():
        try:
            judge(RULES[name], unknown)
        except UnknownValueError:
            assert [message for message in told if UNKNOWN in message]


@given(names, places, junk)
@example("gated-replacement", (4, "properties", "tags", 0, "key"), {"a": SECRET})
def test_no_value_breaks_a_rule_itself_or_is_repeated_by_it(
    name: str, place: tuple[str | int, ...], value: Any
) -> None:
    for message in judge(RULES[name], put(place, value)):
        assert SECRET not in message


def test_outside_a_preview_every_unknown_resource_is_told_by_name() -> None:
    unknown = dict.fromkeys(["from-clients.cidrIpv4", "older-rule.cidrBlocks"], UNKNOWN_STRING_VALUE)
    with previewing(False):
        told = judge(RULES["closed-ingress"], changed({"set": unknown}))
    assert [message.partition(f" {UNKNOWN}")[0] for message in told] == [
        "from-clients: cidrIpv4:",
        "older-rule: cidrBlocks:",
    ]


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("whose", [each["name"] for each in GOOD if "tags" in each["properties"]])
def test_nothing_is_missed_in_a_preview_while_it_is_not_known_whose_it_is(name: str, whose: str) -> None:
    told: list[str] = []
    with previewing(), suppress(UnknownValueError):
        judge(RULES[name], changed({"set": {f"{whose}.tags": UNKNOWN_STRING_VALUE}}), told=told)
    assert told == []


@pytest.mark.parametrize("name", ["encrypted-volumes", "distinct-zones"])
def test_whose_a_resource_is_has_to_be_known_outside_a_preview(name: str) -> None:
    unknown = changed({"set": {"volume-a-1.tags": UNKNOWN_STRING_VALUE}})
    with previewing(False):
        assert [message for message in judge(RULES[name], unknown) if UNKNOWN in message]


def test_an_unknown_resource_does_not_hide_a_bad_one() -> None:
    told: list[str] = []
    resources = changed({"set": {"older-rule.cidrBlocks": UNKNOWN_STRING_VALUE, "from-clients.cidrIpv4": "0.0.0.0/0"}})
    with previewing(), pytest.raises(UnknownValueError):
        judge(RULES["closed-ingress"], resources, told=told)
    assert len(told) == 1
    assert told[0].startswith("from-clients: cidrIpv4: ")


def test_an_unknown_bucket_policy_is_not_judged_yet() -> None:
    told: list[str] = []
    with previewing(), pytest.raises(UnknownValueError):
        judge(RULES["tls-only-buckets"], changed({"set": {"bucket-policy.policy": UNKNOWN_STRING_VALUE}}), told=told)
    assert told == []
