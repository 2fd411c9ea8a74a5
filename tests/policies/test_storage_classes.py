"""Rules about storage classes: cases in `storage_classes/`, which differ from a known-good stack in what they name."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from etcd_policies.catalogue import catalogue
from etcd_policies.storage import StorageClassRule
from tests.policies.contracts import TYPE, contract, previewing
from tests.policies.declared import Resources, changed, judge

FOLDER = Path(__file__).with_name("storage_classes")
CLASSES: Resources = json.loads(Path(__file__).with_name("good_storage_classes.json").read_text())
"""One that the known-good cluster uses, and one that is nobody's, which would break every rule."""
RULES = {name: rule for name, rule in catalogue().items() if isinstance(rule, StorageClassRule)}
SECRET = "hunter2"
UNKNOWN = "is not known, so that it cannot be judged"


def cluster(changes: Mapping[str, Any] | None = None, on: str = "stateful-sets", name: str = "orders") -> Any:
    return {"name": name, "type": TYPE, "properties": {"contract": contract(changes, on)}}


GOOD: Resources = [*CLASSES, cluster()]


def load(name: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((FOLDER / f"{name.replace('-', '_')}.json").read_text())
    return cases


CASES = [pytest.param(name, case, id=f"{name}: {case['case']}") for name in RULES for case in load(name)]


def stack(case: Mapping[str, Any]) -> Resources:
    """The known-good stack as a case has it; its `cluster` are changes of the contract, and `on` is its platform."""
    return [*changed(case, CLASSES), cluster(case.get("cluster"), case.get("on", "stateful-sets"))]


@pytest.mark.parametrize("name", RULES)
def test_the_known_good_stack_passes(name: str) -> None:
    assert judge(RULES[name], GOOD) == []


@pytest.mark.parametrize(("name", "case"), CASES)
def test_case(name: str, case: dict[str, Any]) -> None:
    assert judge(RULES[name], stack(case), case.get("config")) == case["says"]


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_case_breaks_its_own_rule_alone(name: str, case: dict[str, Any]) -> None:
    configs = {name: case.get("config", {})}
    broken = {rule for rule, each in RULES.items() if judge(each, stack(case), configs.get(rule))}
    assert broken == {*([name] if case["says"] else []), *case.get("also", [])}


@pytest.mark.parametrize("name", RULES)
def test_every_rule_is_broken_by_one_change_alone(name: str) -> None:
    keys = ("set", "add", "cluster", "without")
    alone = [case for case in load(name) if case["says"] and sum(len(case.get(key, ())) for key in keys) == 1]
    assert [case for case in alone if "config" not in case and "also" not in case]


def test_every_file_of_cases_has_a_rule() -> None:
    assert {file.stem.replace("_", "-") for file in FOLDER.glob("*.json")} == set(RULES)


@pytest.mark.parametrize("name", RULES)
def test_classes_of_nobody_are_not_judged(name: str) -> None:
    case = next(case for case in load(name) if case["says"])
    classes = changed(case, CLASSES)
    assert judge(RULES[name], classes) == []
    other = {"name": "set", "type": "kubernetes:apps/v1:StatefulSet", "properties": contract({}, "stateful-sets")}
    assert judge(RULES[name], [*classes, other]) == []


@pytest.mark.parametrize("name", RULES)
def test_inputs_of_a_component_count_as_its_outputs_do(name: str) -> None:
    case = next(case for case in load(name) if case["says"])
    component = {"name": "orders", "type": TYPE, "properties": contract({}, "stateful-sets")}
    assert judge(RULES[name], [component, *changed(case, CLASSES)]) == case["says"]


def test_a_class_is_held_to_production_where_one_of_its_clusters_is() -> None:
    resources = changed({"set": {"fast-zonal.reclaimPolicy": "Delete"}}, CLASSES)
    development = cluster({"environment": "development"}, name="carts")
    rule = RULES["retained-volumes"]
    assert judge(rule, [*resources, development]) == []
    for clusters in ([development, cluster()], [cluster(), development]):
        assert len(judge(rule, [*resources, *clusters])) == 1


@pytest.mark.parametrize("path", ["storageClass", "storageClasses", "members"])
def test_an_unknown_cluster_does_not_hide_the_class_of_another(path: str) -> None:
    resources = changed({"set": {"fast-zonal.reclaimPolicy": "Delete"}}, CLASSES)
    unknown = cluster({path: UNKNOWN_STRING_VALUE}, name="carts")
    told: list[str] = []
    with previewing(), pytest.raises(UnknownValueError):
        judge(RULES["retained-volumes"], [unknown, *resources, cluster()], told=told)
    assert [message.partition(":")[0] for message in told] == ["fast-zonal"]
    with previewing(False):
        told = judge(RULES["retained-volumes"], [unknown, *resources, cluster()])
    assert [message.partition(f" {UNKNOWN}")[0] for message in told if UNKNOWN in message] == [
        f"carts: contract.{path}:"
    ]
    assert [message for message in told if message.startswith("fast-zonal: reclaimPolicy: ")]


@pytest.mark.parametrize("name", RULES)
def test_a_stack_without_classes_asks_nothing_of_its_clusters(name: str) -> None:
    with previewing():
        assert judge(RULES[name], [cluster({"storageClass": UNKNOWN_STRING_VALUE})]) == []


PLACES = [
    *((number, key) for number, each in enumerate(CLASSES) for key in each["properties"]),
    *((number, "metadata", "name") for number in range(len(CLASSES))),
    (0, "metadata", "annotations"),
    *((len(CLASSES), "contract", key) for key in ("environment", "platform", "members", "storageClass")),
    (len(CLASSES), "contract", "storageClasses"),
]
names = st.sampled_from(sorted(RULES))
places = st.sampled_from(PLACES)
junk = (
    st.booleans() | st.integers() | st.floats() | st.just(SECRET) | st.lists(st.just(SECRET)) | st.just({"a": SECRET})
)


def put(place: tuple[Any, ...], value: Any) -> Resources:
    resources = copy.deepcopy(GOOD)
    number, *keys, last = place
    section = resources[number]["properties"]
    for key in keys:
        section = section[key]
    section[last] = value
    return resources


@given(names, places)
def test_in_a_preview_unknown_values_refuse_nothing(name: str, place: tuple[Any, ...]) -> None:
    told: list[str] = []
    with previewing(), suppress(UnknownValueError):
        judge(RULES[name], put(place, UNKNOWN_STRING_VALUE), told=told)
    assert told == []


@given(names, places)
def test_outside_a_preview_nothing_unknown_passes_that_a_rule_asks_for(name: str, place: tuple[Any, ...]) -> None:
    unknown = put(place, UNKNOWN_STRING_VALUE)
    with previewing(False):
        told = judge(RULES[name], unknown)
    with previewing():
        try:
            judge(RULES[name], unknown)
        except UnknownValueError:
            assert [message for message in told if UNKNOWN in message]


@given(names, places, junk)
def test_no_value_breaks_a_rule_itself_or_is_repeated_by_it(name: str, place: tuple[Any, ...], value: Any) -> None:
    for message in judge(RULES[name], put(place, value)):
        assert SECRET not in message
