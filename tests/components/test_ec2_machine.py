"""What an Ec2Cluster tells its machines is what runs on them reads: the same values by the machine's own readers."""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import Any

import pytest
import yaml

from etcd_ops.channel.port import DESIRED
from etcd_ops.ec2 import artifacts, places, secrets
from etcd_ops.ec2.artifacts import Artifacts
from etcd_ops.ec2.aws import Aws
from etcd_ops.ec2.machine import Machine
from etcd_ops.ec2.own_instance import unready
from etcd_ops.ec2.volumes import Volumes
from pulumi_etcd.certificates import LEAF_TRUST
from tests.components.ec2 import ZONES, recorded
from tests.components.recorder import Recording

SLOTS = tuple(f"{zone}-1" for zone in ZONES)


@cache
def recording() -> Recording:
    return recorded()


def inputs(kind: str, slot: str, suffix: str) -> dict[str, Any]:
    found: dict[str, Any] = recording().of_type(kind)[f"orders-{slot}-{suffix}"].inputs
    return found


def machine(slot: str) -> Machine:
    user_data = yaml.safe_load(base64.b64decode(inputs("LaunchTemplate", slot, "template")["userData"]))
    files = {each["path"]: each["content"] for each in user_data["write_files"]}
    return Machine.decode(files[str(places.CONFIG)].encode())


def document() -> dict[str, Any]:
    found: dict[str, Any] = recording().one("Rollout").inputs["cluster"]
    return found


class Asked(Aws):
    """Stands in for AWS: keeps what it is asked for."""

    def __init__(self) -> None:
        super().__init__("eu-central-1")
        self.asked: list[dict[str, Any]] = []

    def call(self, service: str, operation: str, **arguments: Any) -> Any:
        self.asked.append(arguments)
        return {"Body": None}

    def pages(self, service: str, operation: str, part: str, **arguments: Any) -> list[Any]:
        self.asked.append(arguments)
        return []


@pytest.mark.parametrize("slot", SLOTS)
def test_a_machine_finds_its_own_group_volume_and_secret(slot: str) -> None:
    told = machine(slot)
    assert told.group == inputs("Group", slot, "group")["name"]
    assert told.secret == inputs("Secret", slot, "secret")["name"]
    asked = Asked()
    Volumes(asked, told.cluster, told.slot).next("i-1", told.zone)
    wanted = {each["Name"].removeprefix("tag:"): each["Values"] for each in asked.asked[0]["Filters"]}
    volume = inputs("Volume", slot, "volume")
    assert {name: [volume["tags"][name]] for name in wanted} == wanted
    assert volume["availabilityZone"] == told.zone


@pytest.mark.parametrize("slot", SLOTS)
def test_its_root_is_never_taken_for_its_volume(slot: str) -> None:
    """Nor is any other volume that a launch template makes."""
    asked = Asked()
    Volumes(asked, "orders", slot).next("i-1", "z")
    wanted = {each["Name"].removeprefix("tag:"): each["Values"][0] for each in asked.asked[0]["Filters"]}
    for each in inputs("LaunchTemplate", slot, "template")["tagSpecifications"]:
        assert not wanted.items() <= each["tags"].items()


def test_peers_know_each_others_groups() -> None:
    for slot in SLOTS:
        assert {machine(slot).group_of(other) for other in SLOTS} == {machine(other).group for other in SLOTS}


@pytest.mark.parametrize("slot", SLOTS)
def test_a_group_as_declared_makes_the_declared_machine(slot: str) -> None:
    """And one whose tag is not there yet is not believed to."""
    group = inputs("Group", slot, "group")
    described = {
        "Tags": [{"Key": each["key"], "Value": each["value"]} for each in group["tags"]],
        "DesiredCapacity": group["desiredCapacity"],
    }
    template = document()["members"][slot]["template"]
    assert template == machine(slot).template
    assert unready(described, template) == ""
    assert unready({**described, "Tags": []}, template)


def test_what_the_document_names_is_where_machines_look_for_it() -> None:
    told, asked = machine(SLOTS[0]), Asked()
    objects = {each.inputs["key"]: each.inputs["bucket"] for each in recording().of_type("BucketObjectv2").values()}
    Artifacts(asked, told).opened(document()["etcd"]["binary"]["source"])
    assert asked.asked[0]["Key"] in objects
    archive = document()["agent"]["archive"]
    assert told.artifacts + archive in objects
    (program,) = document()["agent"]["command"]
    assert artifacts.release_of(program) == archive
    assert told.channel.bucket == recording().one("Bucket").inputs["bucket"]
    assert told.channel.prefix + DESIRED not in objects, "the document is the Rollout's to write"


@pytest.mark.parametrize("slot", SLOTS)
def test_a_secret_can_be_taken_in(slot: str) -> None:
    value = inputs("SecretVersion", slot, "secret-version")["secretString"]
    found = secrets.parse(value)
    assert set(found.issued) == set(LEAF_TRUST)
    assert list(found.authorities) == json.loads(value)["authorities"]
    for certificate, key in found.issued.values():
        assert certificate
        assert key != certificate
