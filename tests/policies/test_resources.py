"""Every rule about resources of AWS: its cases in `resources/`, which differ from known-good ones in what they name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from etcd_policies.aws.kinds import VOLUME
from etcd_policies.catalogue import catalogue
from etcd_policies.fleet_rule import FleetRule
from etcd_policies.resource_rule import ResourceRule
from tests.policies.declared import GOOD, changed, judge

FOLDER = Path(__file__).with_name("resources")
RULES = {name: rule for name, rule in catalogue().items() if isinstance(rule, ResourceRule | FleetRule)}


def load(name: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((FOLDER / f"{name.replace('-', '_')}.json").read_text())
    return cases


CASES = [pytest.param(name, case, id=f"{name}: {case['case']}") for name in RULES for case in load(name)]


@pytest.mark.parametrize("name", RULES)
def test_the_known_good_resources_pass(name: str) -> None:
    assert judge(RULES[name], GOOD) == []


@pytest.mark.parametrize("name", RULES)
def test_the_known_good_resources_have_one_of_its_kinds(name: str) -> None:
    # Otherwise they pass because there is nothing to judge.
    assert {each["type"] for each in GOOD} & set(RULES[name].kinds)


@pytest.mark.parametrize(("name", "case"), CASES)
def test_case(name: str, case: dict[str, Any]) -> None:
    assert judge(RULES[name], changed(case), case.get("config")) == case["says"]


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_case_breaks_its_own_rule_alone(name: str, case: dict[str, Any]) -> None:
    configs = {name: case.get("config", {})}
    broken = {rule for rule, each in RULES.items() if judge(each, changed(case), configs.get(rule))}
    assert broken == {*([name] if case["says"] else []), *case.get("also", [])}


@pytest.mark.parametrize("name", RULES)
def test_every_rule_is_broken_by_one_change_alone(name: str) -> None:
    def changes(case: dict[str, Any]) -> int:
        return sum(len(case.get(key, ())) for key in ("set", "without", "add"))

    alone = [case for case in load(name) if case["says"] and changes(case) == 1]
    assert [case for case in alone if "config" not in case and "also" not in case]


def test_every_file_of_cases_has_a_rule() -> None:
    assert {file.stem.replace("_", "-") for file in FOLDER.glob("*.json")} == set(RULES)


@pytest.mark.parametrize("name", RULES)
def test_resources_of_nobody_are_not_judged(name: str) -> None:
    case = next(case for case in load(name) if case["says"])
    resources = changed(case)
    for each in resources:
        each["properties"].pop("tags", None)
        each["properties"].pop("tagsAll", None)
        each.pop("under", None)
    assert judge(RULES[name], resources, case.get("config")) == []


@pytest.mark.parametrize("name", RULES)
def test_resources_below_a_component_need_no_tags(name: str) -> None:
    case = next(case for case in load(name) if case["says"] and not case.get("add"))
    component = {"name": "orders", "type": "etcd:index:Ec2Cluster", "properties": {}}
    resources = changed(case)
    for each in resources:
        each["properties"].pop("tags", None)
        each["under"] = component["type"]
    assert judge(RULES[name], [component, *resources], case.get("config")) == case["says"]


def test_tags_of_the_provider_count() -> None:
    volume = {"availabilityZone": "eu-central-1a", "tagsAll": {"etcd-cluster": "orders"}}
    found = judge(RULES["encrypted-volumes"], [{"name": "volume", "type": VOLUME, "properties": volume}])
    assert found == ["volume: encrypted: the volume is not encrypted; set it to true"]


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if isinstance(rule, FleetRule)])
def test_two_clusters_in_a_stack_do_not_stand_for_each_other(name: str) -> None:
    case = next(case for case in load(name) if case["says"])
    others = json.loads(json.dumps(GOOD).replace("orders", "carts"))
    for each in others:
        each["name"] = f"other-{each['name']}"
        each["refers"] = {key: f"other-{value}" for key, value in each.get("refers", {}).items()}
    assert judge(RULES[name], [*others, *changed(case)], case.get("config")) == case["says"]
