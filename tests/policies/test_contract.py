"""Which resources are clusters, and how their contracts are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest

from etcd_ops.model.spec import Binary
from etcd_policies.catalogue import catalogue
from etcd_policies.contract import Section, Unreadable, cluster_of
from etcd_policies.rule import ClusterRule
from pulumi_etcd.ec2.contract import contract as ec2_contract
from pulumi_etcd.local import declaration
from pulumi_etcd.local.arguments import LocalClusterArgs
from pulumi_etcd.stateful_sets.declaration import contract as stateful_sets_contract
from pulumi_etcd.static_pods.declaration import contract as static_pods_contract
from tests.components import ec2, stateful_sets, static_pods
from tests.policies.contracts import GOOD, PLATFORMS, validate

BINARY = Binary(source="/usr/bin/etcd", sha256="0" * 64)


@pytest.mark.parametrize("name", ["LocalCluster", "Ec2Cluster", "StatefulSetCluster", "StaticPodCluster"])
def test_every_platform_is_recognised(name: str) -> None:
    found = cluster_of(f"etcd:index:{name}", GOOD)
    assert found is not None
    assert [member.slot for member in found.members] == ["a-1", "b-1", "c-1"]


@pytest.mark.parametrize(
    ("resource_type", "properties"),
    [
        ("pulumi:pulumi:Stack", {}),
        ("aws:index:Cluster", GOOD),
        ("etcd:index:Rollout", {"cluster": GOOD, "channel": {"kind": "directory"}}),
        ("etcd:index:LocalMember", {"cluster": "orders", "slot": "a-1", "zone": "a"}),
        ("etcd:index:LocalCluster", {}),
    ],
)
def test_others_are_not(resource_type: str, properties: Mapping[str, Any]) -> None:
    assert cluster_of(resource_type, properties) is None


@pytest.mark.parametrize("value", [2.5, float("nan"), float("inf"), True, "2", None, [2]])
def test_what_is_not_a_whole_number(value: Any) -> None:
    with pytest.raises(Unreadable, match=r"^etcd\.size: is not a whole number"):
        Section({"size": value}, "etcd").whole("size")


@pytest.mark.parametrize("value", [0.0, 1.0, "true", None])
def test_what_is_no_flag(value: Any) -> None:
    with pytest.raises(Unreadable, match=r"^on: is neither true nor false"):
        Section({"on": value}).flag("on")


@pytest.mark.parametrize("value", [0.0, "ALL", {"0": "ALL"}, None])
def test_what_is_no_list(value: Any) -> None:
    with pytest.raises(Unreadable, match=r"^pod\.drop: is not a list"):
        Section({"drop": value}, "pod").entries("drop")


def test_what_is_no_entry() -> None:
    first, second = Section({"drop": ["ALL", {}]}, "pod").entries("drop")
    with pytest.raises(Unreadable, match=r"^pod\.drop\[0\]: is not an object"):
        _ = first.section
    with pytest.raises(Unreadable, match=r"^pod\.drop\[1\]: is not a text"):
        _ = second.text


def local_contract(**arguments: Any) -> dict[str, Any]:
    written = cast("LocalClusterArgs", {"directory": "/srv/etcd", **arguments})
    declared = declaration.declare("orders", written, lambda version, path: BINARY)
    return declaration.contract(declared)


def stateful_sets_declared(**arguments: Any) -> dict[str, Any]:
    return stateful_sets_contract(stateful_sets.declaration("orders", **arguments))


def static_pods_declared(**arguments: Any) -> dict[str, Any]:
    return static_pods_contract(static_pods.declaration("orders", **arguments))


def ec2_declared(**arguments: Any) -> dict[str, Any]:
    slots = {f"{zone[-1]}-1": zone for zone in ec2.ZONES}
    small = {"instance_type": "m7g.medium"}  # three of which a new account may have
    return ec2_contract(ec2.declaration("orders", **{"network": ec2.GIVEN, "slots": slots, **small, **arguments}))


DECLARED: Mapping[str, Callable[..., dict[str, Any]]] = {
    "local": local_contract,
    "stateful-sets": stateful_sets_declared,
    "static-pods": static_pods_declared,
    "ec2": ec2_declared,
}
"""By platform: the contract of its component with some arguments, and everything else left open."""
RULES = {name: rule for name, rule in catalogue().items() if isinstance(rule, ClusterRule)}


def shape(value: Any) -> Any:
    """The names of an object's properties, however deep, with the kinds of their values."""
    if isinstance(value, Mapping):
        return {key: shape(each) for key, each in value.items()}
    return type(value)


@pytest.mark.parametrize("platform", DECLARED)
def test_a_components_contract_has_the_shape_of_the_known_good_one(platform: str) -> None:
    assert shape(DECLARED[platform]()) == shape(PLATFORMS[platform])


def test_every_platform_has_a_known_good_contract_of_its_own() -> None:
    assert {platform: declared()["platform"] for platform, declared in DECLARED.items()} == {
        platform: platform for platform in PLATFORMS
    }


@pytest.mark.parametrize("platform", DECLARED)
@pytest.mark.parametrize("name", RULES)
def test_a_cluster_that_is_declared_without_thought_passes(name: str, platform: str) -> None:
    assert validate(RULES[name], DECLARED[platform]()) == []


@pytest.mark.parametrize(
    ("platform", "more"),
    [("local", set()), ("stateful-sets", {"named-storage-class"}), ("static-pods", set()), ("ec2", set())],
)
def test_a_cluster_of_production_has_to_be_protected(platform: str, more: set[str]) -> None:
    declared = DECLARED[platform](environment="production")
    broken = {name for name, rule in RULES.items() if validate(rule, declared)}
    assert broken == {"protected-volumes", "protected-authorities", *more}


def test_a_stateful_set_cluster_that_everybody_may_reach_is_told() -> None:
    declared = stateful_sets_declared(clients=[{"namespace_labels": {}}], metrics_clients=[])
    assert {name for name, rule in RULES.items() if validate(rule, declared)} == {"named-clients"}


@pytest.mark.parametrize(
    ("arguments", "rules"),
    [
        ({"clients": {"cidrs": ["0.0.0.0/0"]}}, {"named-networks"}),
        # The smallest burstable instances have two processors each.
        ({"instance_type": "t4g.nano", "environment": "production"}, {"steady-instances", "service-quotas"}),
        ({"volume": {"size_bytes": 6 * 1024**3}}, {"volume-headroom"}),
        ({"volume": {"size_bytes": 40 * 1024**4}}, {"service-quotas"}),
        ({"instance_type": "m7g.large"}, {"service-quotas"}),
    ],
)
def test_what_arguments_of_a_cluster_on_aws_may_break(arguments: dict[str, Any], rules: set[str]) -> None:
    declared = ec2_declared(protect={"volumes": True, "authorities": True}, **arguments)
    assert {name for name, each in RULES.items() if validate(each, declared)} == rules
