"""The schema that every Pulumi language generates its SDK from. `python -m tests.provider.test_schema` writes it."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from etcd_ops.model import spec
from pulumi_etcd import rollout
from pulumi_etcd.local.arguments import Etcd
from pulumi_etcd.provider.catalogue import COMPONENTS, CUSTOM
from pulumi_etcd.provider.hosted import UNRECORDED, Hosted, token
from pulumi_etcd.shared import Healing, Renewal
from pulumi_etcd.stateful_sets.arguments import StatefulSetEtcd
from pulumi_etcd.wire import to_snake

GOLDEN = Path(__file__).with_name("schema.json")
VERSION = "0.0.0"


def schema() -> dict[str, Any]:
    hosted = Hosted(COMPONENTS, [resource for resource, _ in CUSTOM], VERSION)
    described: dict[str, Any] = json.loads(hosted.schema or "")
    return described


def test_the_schema_is_the_one_that_was_reviewed() -> None:
    assert schema() == json.loads(GOLDEN.read_text()), "review, then `python -m tests.provider.test_schema`"


def properties(described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for kind in ("resources", "types"):
        for name, each in described[kind].items():
            yield name, each
            for place in ("inputProperties", "properties"):
                for prop, shape in (each.get(place) or {}).items():
                    yield f"{name}.{prop}", shape


def test_everything_is_documented() -> None:
    undocumented = [name for name, shape in properties(schema()) if not shape.get("description")]
    assert undocumented == []


def test_components_and_custom_resources_are_told_apart() -> None:
    kinds = {name: each.get("isComponent") for name, each in schema()["resources"].items()}
    assert kinds == {token(each): True for each in COMPONENTS} | {token(each): False for each, _ in CUSTOM}


@pytest.mark.parametrize("resource", [token(each) for each, _ in CUSTOM])
def test_inputs_of_custom_resources_are_outputs_too(resource: str) -> None:
    described = schema()["resources"][resource]
    recorded = described["inputProperties"].keys() - UNRECORDED.get(resource, frozenset())
    assert recorded <= described["properties"].keys()
    assert set(described["required"]) & recorded == set(described["requiredInputs"]) & recorded
    assert '"plain": true' not in json.dumps(described["properties"])


@pytest.mark.parametrize(
    ("arguments", "model"),
    [
        (rollout.RolloutCluster, spec.ClusterSpec),
        (rollout.RolloutMember, spec.MemberSpec),
        (rollout.RolloutCertificates, spec.MemberCertificates),
        (rollout.RolloutTrusts, spec.TrustsSpec),
        (rollout.RolloutTrust, spec.TrustSpec),
        (rollout.RolloutEtcd, spec.EtcdSpec),
        (rollout.RolloutBinary, spec.Binary),
        (rollout.RolloutAgent, spec.AgentSpec),
    ],
)
def test_the_arguments_are_the_documents_body(arguments: Any, model: type[BaseModel]) -> None:
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    optional = set(model.model_fields) - required
    assert (set(arguments.__required_keys__), set(arguments.__optional_keys__)) == (required, optional)


@pytest.mark.parametrize(("arguments", "model"), [(Healing, spec.HealingSpec), (Renewal, spec.RenewalSpec)])
def test_what_components_fill_in_is_the_documents_body(arguments: Any, model: type[BaseModel]) -> None:
    assert set(arguments.__annotations__) == set(model.model_fields)


@pytest.mark.parametrize(("settings", "program"), [(Etcd, "path"), (StatefulSetEtcd, "image")])
def test_a_cluster_takes_every_setting_of_etcd(settings: Any, program: str) -> None:
    assert set(settings.__annotations__) - {program} == set(spec.EtcdSpec.model_fields) - {"binary"}


def test_names_in_python_and_elsewhere_belong_together() -> None:
    described = schema()["types"]["etcd:index:RolloutEtcd"]["properties"]
    assert {to_snake(name) for name in described} == set(typing.get_type_hints(rollout.RolloutEtcd))


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(schema(), indent=1) + "\n")
