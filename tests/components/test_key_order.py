"""The order of an argument's keys says nothing: other languages' maps have none, and every `up` would change it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from pulumi_etcd import Ec2Cluster, LocalCluster, StatefulSetCluster, StaticPodCluster
from pulumi_etcd.ec2 import cluster as on_ec2
from pulumi_etcd.local import cluster as on_this_machine
from tests.components import clusters, ec2, stateful_sets, static_pods
from tests.components.every_argument import EC2, STATEFUL_SETS, STATIC_PODS
from tests.components.recorder import record

LOCAL: Mapping[str, dict[str, Any]] = {
    "by slots": {"zones": ["x", "y", "b"], "slots": {"b-2": "b", "x-1": "x", "y-1": "y"}},
    "by numbers": {
        "zone_numbers": {"x": 1, "b": 0, "y": 5},
        "etcd": {"extra_config": {"max-txn-ops": 200, "warning-apply-duration": 200_000_000}},
    },
}
THREE_NODES = {"slots": {f"{zone}-1": static_pods.place(zone, number) for number, zone in enumerate("cab")}}
NUMBERED = {
    "zones": None,
    "zone_numbers": {ec2.ZONES[2]: 4, ec2.ZONES[0]: 1},
    "size": 3,
    "tags": {"team": "a", "cost": "b"},
}
CASES = [
    *((LocalCluster, clusters.ARGS, each) for each in LOCAL.values()),
    (StatefulSetCluster, stateful_sets.ARGS, STATEFUL_SETS["all, by slots"]),
    (StaticPodCluster, static_pods.ARGS, STATIC_PODS["all, with a bucket"]),
    (StaticPodCluster, static_pods.ARGS, THREE_NODES),
    (Ec2Cluster, ec2.ARGS, EC2["all, by slots"]),
    (Ec2Cluster, ec2.ARGS, NUMBERED),
]


def turned(value: Any) -> Any:
    """The same value, with the keys of every map the other way round."""
    if isinstance(value, Mapping):
        return {name: turned(value[name]) for name in reversed(value)}
    return [turned(each) for each in value] if isinstance(value, list) else value


def registered(component: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """The inputs of all resources, and the component's outputs, in a preview."""
    found = record(lambda: component("orders", arguments), preview=True)
    return {each.urn: each.inputs for each in found.resources} | {"outputs": found.outputs["orders"]}


@pytest.mark.parametrize(("component", "least", "changes"), CASES)
def test_the_order_of_keys_changes_nothing(
    component: Any, least: dict[str, Any], changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_this_machine, "find", clusters.find)
    monkeypatch.setattr(on_ec2, "digest_of", ec2.digest_of)
    arguments = {name: value for name, value in (least | changes).items() if value is not None}
    assert registered(component, arguments) == registered(component, turned(arguments))
