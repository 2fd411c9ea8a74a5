"""Which resources are clusters, and how their contracts are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from etcd_ops.model.spec import Binary
from etcd_policies.catalogue import catalogue
from etcd_policies.contract import Section, Unreadable, cluster_of
from etcd_policies.rule import ClusterRule
from pulumi_etcd.local import declaration
from pulumi_etcd.local.arguments import LocalClusterArgs
from tests.policies.contracts import GOOD, validate

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


def local_contract(**arguments: Any) -> dict[str, Any]:
    written = cast("LocalClusterArgs", {"directory": "/srv/etcd", **arguments})
    declared = declaration.declare("orders", written, lambda version, path: BINARY)
    return declaration.contract(declared)


def shape(value: Any) -> Any:
    """The names of an object's properties, however deep, with the kinds of their values."""
    if isinstance(value, Mapping):
        return {key: shape(each) for key, each in value.items()}
    return type(value)


def test_the_local_clusters_contract_has_the_shape_of_the_known_good_one() -> None:
    assert shape(local_contract()) == shape(dict(GOOD))


@pytest.mark.parametrize("name", [name for name, rule in catalogue().items() if isinstance(rule, ClusterRule)])
def test_a_local_cluster_that_is_declared_without_thought_passes(name: str) -> None:
    rule = catalogue()[name]
    assert isinstance(rule, ClusterRule)
    assert validate(rule, local_contract()) == []


def test_a_local_cluster_of_production_has_to_be_protected() -> None:
    broken = {
        name
        for name, rule in catalogue().items()
        if isinstance(rule, ClusterRule) and validate(rule, local_contract(environment="production"))
    }
    assert broken == {"protected-volumes", "protected-authorities"}
