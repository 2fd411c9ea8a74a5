"""The resources that `Ec2Cluster` declares keep every rule about resources, and break them where arguments do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from etcd_policies.catalogue import catalogue
from etcd_policies.fleet_rule import FleetRule
from etcd_policies.resource_rule import ResourceRule
from pulumi_etcd.ec2.contract import contract
from pulumi_etcd.ec2.planned import Credentials, File, Json, Planned, Ref, UserData, Version, refs, replaced
from tests.components import ec2
from tests.policies.declared import Resources, judge

RULES = {name: rule for name, rule in catalogue().items() if isinstance(rule, ResourceRule | FleetRule)}
COMPONENT = "etcd:index:Ec2Cluster"


def value(leaf: Any) -> Any:
    """What stands for something, as it is once it is known."""
    match leaf:
        case Ref(of, output):
            return f"{of}.{output}"
        case Json(inner):
            return json.dumps(replaced(inner, value))
        case Version():
            return "1"
        case UserData() | File() | Credentials():
            return "content"
    return leaf


def declared(planned: Planned) -> dict[str, Any]:
    return {
        "name": planned.name,
        "type": planned.kind,
        "properties": replaced(planned.properties, value),
        "protect": planned.protect,
        "under": COMPONENT,
        "refers": {key: each.of for key, inner in planned.properties.items() for each in refs(inner)},
    }


def resources(**arguments: Any) -> Resources:
    this = ec2.declaration(**arguments)
    component = {"name": "orders", "type": COMPONENT, "properties": {"contract": contract(this)}}
    return [component, *map(declared, ec2.planned(this))]


def broken(found: Resources) -> set[str]:
    return {name for name, rule in RULES.items() if judge(rule, found)}


PROTECTED: Mapping[str, bool] = {"volumes": True, "authorities": True, "bucket": True}
EVERYTHING: Mapping[str, Any] = {
    "environment": "production",
    "protect": PROTECTED,
    "clients": {"cidrs": ["10.0.0.0/16"], "security_groups": ["sg-1"]},
    "load_balancer": {},
}


@pytest.mark.parametrize("network", [{"cidr": "10.20.0.0/22"}, ec2.GIVEN])
def test_a_cluster_of_production_passes(network: dict[str, Any]) -> None:
    assert broken(resources(network=network, **EVERYTHING)) == set()


def test_a_cluster_that_is_declared_without_thought_passes() -> None:
    assert broken(resources()) == set()


def test_every_rule_has_something_to_judge() -> None:
    kinds = {each["type"] for each in resources(**EVERYTHING)}
    assert [name for name, rule in RULES.items() if not kinds & set(rule.kinds)] == []


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"protect": {}}, {"protected-resources"}),
        ({"clients": {"cidrs": ["0.0.0.0/0"]}}, {"closed-ingress"}),
        ({"volume": {"size_bytes": 6 * 1024**3}}, {"sized-volumes"}),
        ({"zones": ec2.ZONES[:1], "size": 1}, {"distinct-zones"}),
    ],
)
def test_what_arguments_may_break(changes: dict[str, Any], rules: set[str]) -> None:
    assert broken(resources(**{**EVERYTHING, **changes})) == rules
