"""What the engine and the documentation are told of every rule."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

import pytest
from pulumi_policy import EnforcementLevel

from etcd_policies import documentation
from etcd_policies.catalogue import catalogue
from etcd_policies.configuration import problems
from etcd_policies.contract import PLATFORMS
from etcd_policies.folder import profiles
from etcd_policies.parameters import Parameters, defaults, read, schema
from etcd_policies.profiles import LEVEL, development, production
from etcd_policies.rule import DOCUMENTATION, Rule, Stake

ROOT = Path(__file__).resolve().parents[2]
PACK = ROOT / "policies"
RULES = list(catalogue().values())


def name_of(rule: Rule) -> str:
    return rule.name


def test_every_file_declares_the_rule_that_it_is_named_by() -> None:
    files = {file.stem for file in (PACK / "etcd_policies" / "rules").glob("*.py")} - {"__init__"}
    assert {name.replace("-", "_") for name in catalogue()} == files
    for file in files:
        module = importlib.import_module(f"etcd_policies.rules.{file}")
        assert [name for name, value in vars(module).items() if isinstance(value, Rule)] == [file]


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_metadata_is_complete(rule: Rule) -> None:
    policy = rule.policy()
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", policy.name)
    assert policy.description.endswith(".")
    assert policy.display_name
    assert policy.severity is not None
    assert policy.enforcement_level in {EnforcementLevel.MANDATORY, EnforcementLevel.ADVISORY}
    assert policy.tags == ["etcd", rule.stake.value]
    assert policy.remediation_steps is not None
    assert policy.remediation_steps.endswith(".")
    assert policy.url == f"{DOCUMENTATION}#{rule.name}"
    assert rule.why.endswith(".")


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_every_parameter_has_a_schema_a_default_and_a_meaning(rule: Rule) -> None:
    for each in schema(rule.parameters).values():
        assert each["description"]
        assert each["type"] in {"integer", "number", "boolean", "array"}
        assert "default" in each
    assert read(rule.name, rule.parameters, defaults(rule.parameters)) == rule.parameters()


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_a_rule_that_judges_with_parameters_is_given_them(rule: Rule) -> None:
    assert (rule.parameters is Parameters) == (rule.given({}) == ())


def test_a_page_explains_every_rule() -> None:
    page = (ROOT / DOCUMENTATION).read_text()
    assert page == documentation.with_rules(page), f"run `python -m etcd_policies rules --into {DOCUMENTATION}`"
    for rule in RULES:
        assert f"\n### {rule.name}\n" in page


def test_a_page_tells_the_platforms_of_a_rule_that_is_not_about_all() -> None:
    page = documentation.rules()
    told = {rule.name: page.partition(f"\n### {rule.name}\n")[2].partition("\n### ")[0] for rule in RULES}
    assert {name for name, section in told.items() if "*Judges:* only" in section} == {
        rule.name for rule in RULES if rule.platforms
    }
    assert "*Judges:* only clusters on `stateful-sets` and `static-pods`\n" in told["pinned-images"]
    assert "*Judges:* resources of a cluster on AWS of the types `aws:ebs/volume:Volume`\n" in told["sized-volumes"]


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_a_rule_is_about_platforms_that_there_are(rule: Rule) -> None:
    assert set(rule.platforms) <= set(PLATFORMS)


def test_a_page_without_the_marker_is_refused() -> None:
    with pytest.raises(ValueError, match="printed by"):
        documentation.with_rules("# Policies\n")


def test_development_refuses_what_loses_data_and_holds_production_to_its_own_rules() -> None:
    mandatory = {name for name, config in development().items() if config[LEVEL] == "mandatory"}
    losing_data = {rule.name for rule in RULES if rule.stake is Stake.DATA}
    assert {"mutual-tls", "zone-spread", "encrypted-volumes", "closed-ingress"} <= losing_data
    assert mandatory == {*losing_data, "protected-volumes", "protected-authorities", "steady-instances"}


def test_rules_that_a_published_control_asks_for_name_it() -> None:
    """There is none for etcd's own rules, and for templates, slots and volumes of members."""
    asked = {rule.name: rule.framework.reference for rule in RULES if rule.framework is not None}
    assert asked == {
        "closed-ingress": "5.2, 5.3",
        "encrypted-volumes": "2.2.1",
        "instance-metadata": "5.6",
        "mutual-tls": "2.1, 2.2, 2.4, 2.5",
        "named-clients": "Network separation and hardening",
        "narrow-permissions": "1.16",
        "pod-security": "Kubernetes Pod security",
        "private-addresses": "EC2.9, EC2.25",
        "private-buckets": "2.1.4",
        "rotated-keys": "3.6",
        "tls-only-buckets": "2.1.1",
    }


def test_production_refuses_everything_but_what_must_not_stand_in_the_way_of_an_update() -> None:
    advisory = {name for name, config in production().items() if config[LEVEL] != "mandatory"}
    assert advisory == {"current-certificates", "named-storage-class", "service-quotas"}
    assert production()["odd-member-count"]["minimum"] == 3


@pytest.mark.parametrize("name", profiles())
def test_profiles_are_valid_and_name_every_rule(name: str) -> None:
    text = profiles()[name]
    assert problems(text) == ()
    assert set(json.loads(text)) == set(catalogue())
