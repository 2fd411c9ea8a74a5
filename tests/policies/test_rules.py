"""Every rule: its cases in `rules/`, each of which differs from a known-good cluster in what it names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from etcd_policies.catalogue import catalogue
from etcd_policies.rule import ClusterRule
from tests.policies.contracts import GOOD, PLATFORMS, contract, validate

FOLDER = Path(__file__).with_name("rules")
RULES = {name: rule for name, rule in catalogue().items() if isinstance(rule, ClusterRule)}


def load(name: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((FOLDER / f"{name.replace('-', '_')}.json").read_text())
    return cases


CASES = [pytest.param(name, case, id=f"{name}: {case['case']}") for name in RULES for case in load(name)]


def declared(case: dict[str, Any]) -> dict[str, Any]:
    """The contract that a case is about: that of the known-good cluster on its platform, changed."""
    return contract(case.get("set"), case.get("on", GOOD["platform"]))


def broken(case: dict[str, Any], name: str) -> set[str]:
    """The rules that break, of all that are configured as by default but the one."""
    configs = {name: case.get("config", {})}
    properties = declared(case)
    return {rule for rule, each in RULES.items() if validate(each, properties, configs.get(rule))}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("name", RULES)
def test_the_known_good_clusters_pass(name: str, platform: str) -> None:
    assert validate(RULES[name], PLATFORMS[platform]) == []


@pytest.mark.parametrize(("name", "case"), CASES)
def test_case(name: str, case: dict[str, Any]) -> None:
    assert validate(RULES[name], declared(case), case.get("config")) == case["says"]


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_case_breaks_its_own_rule_alone(name: str, case: dict[str, Any]) -> None:
    assert broken(case, name) == {*([name] if case["says"] else []), *case.get("also", [])}


@pytest.mark.parametrize("name", RULES)
def test_every_rule_is_broken_by_one_property_alone(name: str) -> None:
    alone = [case for case in load(name) if case["says"] and len(case.get("set", {})) == 1]
    assert [case for case in alone if "config" not in case and "also" not in case]


def test_every_file_of_cases_has_a_rule() -> None:
    assert {file.stem.replace("_", "-") for file in FOLDER.glob("*.json")} == set(RULES)


@pytest.mark.parametrize("name", RULES)
def test_outputs_are_judged_as_inputs_are(name: str) -> None:
    case = next(case for case in load(name) if case["says"])
    outputs = {"endpoints": ["https://127.0.10.1:2379"], "members": {"a-1": "a"}, "contract": declared(case)}
    assert validate(RULES[name], outputs, case.get("config")) == case["says"]


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if rule.platforms])
def test_a_rule_of_some_platforms_is_broken_on_each_and_not_about_others(name: str) -> None:
    rule = RULES[name]
    assert {case["on"] for case in load(name) if case["says"] and "on" in case} == set(rule.platforms)
    for platform in PLATFORMS.keys() - set(rule.platforms):
        assert validate(rule, {"clusterName": "orders", "members": {}, "etcd": {}, "platform": platform}) == []


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if rule.platforms])
def test_a_cluster_that_does_not_tell_its_platform_passes_no_rule_of_some(name: str) -> None:
    told = "platform: is missing, so that the cluster cannot be judged; correct the component's contract"
    assert validate(RULES[name], contract({"platform": None})) == [told]
