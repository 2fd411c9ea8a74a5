"""The repository's own stacks on AWS, held to the profiles that workflows and users hold them to."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime import settings as runtime

from etcd_policies.catalogue import catalogue
from etcd_policies.configuration import problems
from etcd_policies.profiles import LEVEL, PROFILES
from etcd_policies.rule import ClusterRule
from pulumi_etcd.ec2 import cluster
from tests.components.test_stacks import NAMES, STACKS, declared, settings_of
from tests.policies.contracts import validate

RULES = {name: rule for name, rule in catalogue().items() if isinstance(rule, ClusterRule)}
ON_AWS = [name for name in NAMES if name.startswith("aws-")]


@pytest.fixture
def contracts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """By stack, what it declares."""
    monkeypatch.setattr(cluster, "digest_of", lambda path: "0" * 64)
    monkeypatch.setattr(runtime, "get_root_directory", lambda: str(tmp_path))
    return {name: dict(declared(name, settings_of(name), monkeypatch).one("Ec2Cluster").inputs) for name in ON_AWS}


def audit() -> dict[str, Any]:
    """The configuration of the workflow that judges what is deployed."""
    root = STACKS.parent
    workflow = (root / ".github/workflows/compliance.yml").read_text()
    (file,) = re.findall(r"--policy-pack-config (\S+)", workflow)
    text = (root / file).read_text()
    assert problems(text) == ()
    configured: dict[str, Any] = json.loads(text)
    return configured


def broken(contract: dict[str, Any], configured: Mapping[str, Any]) -> set[str]:
    given = {name: each for name, each in configured.items() if isinstance(each, dict)}
    configs = {name: {key: each for key, each in given.get(name, {}).items() if key != LEVEL} for name in RULES}
    return {name for name, rule in RULES.items() if validate(rule, contract, configs[name])}


@pytest.mark.parametrize("configured", [PROFILES["production"](), audit()], ids=["production", "audit"])
def test_all_pass_what_workflows_hold_them_to(
    contracts: dict[str, dict[str, Any]], configured: Mapping[str, Any]
) -> None:
    assert {name: broken(each, configured) for name, each in contracts.items()} == {name: set() for name in ON_AWS}


def test_the_audit_is_nowhere_weaker_than_production() -> None:
    mandatory = {LEVEL: "mandatory"}
    production, audited = PROFILES["production"](), audit()
    assert audited.keys() == production.keys()
    assert [name for name in audited if audited[name] not in (production[name], production[name] | mandatory)] == []


def test_the_audit_warns_only_of_what_cannot_be_mended() -> None:
    assert [name for name, each in audit().items() if each[LEVEL] != "mandatory"] == ["named-storage-class"]


def test_in_development_all_are_warned_that_a_new_account_has_not_enough_processors(
    contracts: dict[str, dict[str, Any]],
) -> None:
    assert {name: broken(each, PROFILES["development"]()) for name, each in contracts.items()} == {
        name: {"service-quotas"} for name in ON_AWS
    }
