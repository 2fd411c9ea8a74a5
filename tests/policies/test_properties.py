"""Properties of the rules, whatever they are given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from etcd_ops.model.topology import quorum
from etcd_policies.catalogue import catalogue
from etcd_policies.rule import ClusterRule
from tests.policies.contracts import GOOD, PLATFORMS, contract, previewing, validate

RULES = {name: rule for name, rule in catalogue().items() if isinstance(rule, ClusterRule)}
SECRET = "hunter2"

names = st.sampled_from(sorted(RULES))


@pytest.fixture(scope="module", autouse=True)
def preview() -> Iterator[None]:
    with previewing():
        yield


def paths(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Every property of the contract, objects and leaves."""
    for key, value in values.items():
        yield prefix + key
        if isinstance(value, Mapping):
            yield from paths(value, f"{prefix}{key}.")


platforms = st.sampled_from(sorted(PLATFORMS))
anywhere = {platform: st.sampled_from(sorted(paths(good))) for platform, good in PLATFORMS.items()}
junk = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.just(SECRET) | st.text(max_size=5).map(lambda text: SECRET + text),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["zone", "a", "version", "namespaceLabels"]), inner)
    ),
    max_leaves=4,
)


@given(names, platforms, st.data())
def test_no_declaration_breaks_a_rule_itself_or_is_repeated_by_it(
    name: str, platform: str, data: st.DataObject
) -> None:
    changes = data.draw(st.lists(st.tuples(anywhere[platform], junk), max_size=3))
    # Deeper paths first, so that a replaced object does not take away the place of another change.
    ordered = dict(sorted(changes, key=lambda change: -change[0].count(".")))
    for message in validate(RULES[name], contract(ordered, platform)):
        assert SECRET not in message


@given(names, platforms, st.data())
def test_unknown_values_never_fail_and_hide_nothing_else(name: str, platform: str, data: st.DataObject) -> None:
    unknown = data.draw(st.sets(anywhere[platform], min_size=1, max_size=3))
    outermost = {path for path in unknown if not any(path.startswith(f"{other}.") for other in unknown)}
    told: list[str] = []
    with suppress(UnknownValueError):
        validate(RULES[name], contract(dict.fromkeys(outermost, UNKNOWN_STRING_VALUE), platform), told=told)
    assert told == []


def test_an_unknown_member_does_not_hide_a_bad_one() -> None:
    told: list[str] = []
    changed = contract({"members.a-1": UNKNOWN_STRING_VALUE, "members.b-1.volumeBytes": 1})
    with pytest.raises(UnknownValueError):
        validate(RULES["volume-headroom"], changed, told=told)
    assert len(told) == 1
    assert told[0].startswith("members.b-1.volumeBytes: ")


def test_an_unknown_client_does_not_hide_an_open_port() -> None:
    told: list[str] = []
    changed = contract(
        {"clients": [UNKNOWN_STRING_VALUE, {"namespaceLabels": {}}], "metricsClients": [{"namespaceLabels": {}}]},
        "stateful-sets",
    )
    with pytest.raises(UnknownValueError):
        validate(RULES["named-clients"], changed, told=told)
    assert [message.partition(": ")[0] for message in told] == [
        "clients[1].namespaceLabels",
        "metricsClients[0].namespaceLabels",
    ]


@given(names, platforms, st.data())
def test_what_is_unknown_outside_a_preview_does_not_pass(name: str, platform: str, data: st.DataObject) -> None:
    unknown = contract({data.draw(anywhere[platform]): UNKNOWN_STRING_VALUE}, platform)
    with previewing(False):
        told = validate(RULES[name], unknown)
    try:
        validate(RULES[name], unknown)
    except UnknownValueError:
        assert [message for message in told if "is not known, so that it cannot be judged" in message]
    else:
        assert told == []


@pytest.mark.parametrize("path", ["contract", "platform"])
def test_a_cluster_of_which_nothing_tells_its_platform_does_not_pass(path: str) -> None:
    unknown = {"contract": UNKNOWN_STRING_VALUE} if path == "contract" else contract({"platform": UNKNOWN_STRING_VALUE})
    with previewing(False):
        told = validate(RULES["disruption-budget"], unknown)
    assert told == [f"{path}: is not known, so that it cannot be judged; run `pulumi up`, after which it is known"]


def test_an_unknown_contract_is_not_judged_yet() -> None:
    with pytest.raises(UnknownValueError):
        validate(RULES["mutual-tls"], {"contract": UNKNOWN_STRING_VALUE})


def test_a_contract_that_is_none_does_not_pass() -> None:
    assert validate(RULES["mutual-tls"], {"contract": 1.0}) == [
        "contract: is not an object, so that the cluster cannot be judged; correct the component's contract"
    ]


placements = st.dictionaries(
    st.integers(1, 9).map(lambda number: f"m-{number}"), st.sampled_from("abcd"), min_size=2, max_size=7
)


@given(placements)
def test_spread_refuses_what_does_not_survive_the_loss_of_a_zone(zones: dict[str, str]) -> None:
    members = {slot: {**GOOD["members"]["a-1"], "zone": zone} for slot, zone in zones.items()}
    messages = validate(RULES["zone-spread"], contract({"members": members, "environment": "development"}))
    fatal = [zone for zone, held in Counter(zones.values()).items() if len(zones) - held < quorum(len(zones))]
    assert len(messages) == len(fatal)


@given(st.integers(0, 12))
def test_of_one_to_seven_members_only_odd_numbers_pass(count: int) -> None:
    members = {f"m-{number}": GOOD["members"]["a-1"] for number in range(count)}
    messages = validate(RULES["odd-member-count"], contract({"members": members}))
    assert (messages == []) == (count in {1, 3, 5, 7})


@given(st.integers(1, 7), st.integers(-1, 9))
def test_of_all_budgets_only_the_one_that_lets_a_single_member_go_passes(count: int, staying: int) -> None:
    good = PLATFORMS["stateful-sets"]["members"]["a-1"]
    changes = {"members": {f"m-{number}": good for number in range(count)}, "disruptionBudget.minAvailable": staying}
    messages = validate(RULES["disruption-budget"], contract(changes, "stateful-sets"))
    assert (messages == []) == (staying == count - 1)


@given(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=7))
def test_as_many_members_are_refused_as_share_the_node_of_another(names: list[str]) -> None:
    nodes = {f"m-{number}": {"node": name} for number, name in enumerate(names)}
    members = dict.fromkeys(nodes, PLATFORMS["static-pods"]["members"]["a-1"])
    messages = validate(RULES["separate-nodes"], contract({"members": members, "nodes": nodes}, "static-pods"))
    assert len(messages) == len(names) - len(set(names))
