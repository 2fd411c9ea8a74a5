"""What an Ec2Cluster registers, in a preview and in an update."""

from __future__ import annotations

import base64
import importlib.metadata
import json
import subprocess
import sys
from functools import cache
from typing import Any

import pulumi
import pytest
import yaml

from etcd_ops.ec2.user_data import render
from pulumi_etcd import Ec2ClusterArgs
from pulumi_etcd.certificates import fingerprint
from pulumi_etcd.provider.values import UNKNOWN, text, unknown_paths
from tests.components.ec2 import ACCOUNT, ARCHIVE, ARGS, GIVEN, KEY, PROGRAM, REGION, ZONES, recorded, recorded_late
from tests.components.every_argument import EC2, given, optional
from tests.components.recorder import Recording, Registered

SLOTS = tuple(f"{zone}-1" for zone in ZONES)
HOST = "{}.orders.etcd.internal"
PREFIXES = ("role", "role-policy", "profile", "secret", "secret-version", "volume", "template", "group")


@cache
def once(preview: bool) -> Recording:
    return recorded(preview=preview)


@pytest.fixture(params=[True, False], ids=["preview", "update"])
def recording(request: pytest.FixtureRequest) -> Recording:
    return once(request.param)


def of_aws(recording: Recording) -> list[Registered]:
    return [each for each in recording.resources if each.type.startswith("aws:")]


def test_everything_of_a_member_is_there(recording: Recording) -> None:
    names = {each.name for each in of_aws(recording)}
    assert {f"orders-{slot}-{what}" for slot in SLOTS for what in PREFIXES} <= names
    assert set(recording.of_type("Ec2Member")) == {f"orders-{slot}" for slot in SLOTS}
    assert set(recording.of_type("Rollout")) == {"orders"}
    assert recording.of_type("LocalContext") == {}


def test_everything_goes_into_the_one_account_and_region(recording: Recording) -> None:
    (provider,) = (each for each in recording.resources if each.type == "pulumi:providers:aws")
    assert provider.inputs == {"region": REGION, "allowedAccountIds": json.dumps([ACCOUNT])}
    assert {each.provider for each in of_aws(recording)} == {provider.name}
    channel = recording.one("Rollout").inputs["channel"]
    assert (channel["region"], channel["expectedAccount"]) == (REGION, ACCOUNT)
    assert channel["bucket"] == recording.one("Bucket").inputs["bucket"]


def test_everything_belongs_to_the_component(recording: Recording) -> None:
    urn = recording.one("Ec2Cluster").urn
    assert {each.parent for each in recording.resources if each.type != "etcd:index:Ec2Cluster"} == {urn}


def test_the_rollout_waits_for_everything_that_members_need(recording: Recording) -> None:
    needs = recording.one("Rollout").dependencies
    for each in of_aws(recording):
        assert f"{each.type.rsplit(':', maxsplit=1)[-1]} {each.name}" in needs
    assert {f"Ec2Member orders-{slot}" for slot in SLOTS} <= needs


@pytest.mark.parametrize("slot", SLOTS)
def test_a_group_is_made_when_its_instance_finds_all_that_it_needs(recording: Recording, slot: str) -> None:
    needs = recording.of_type("Group")[f"orders-{slot}-group"].dependencies
    own = {
        "RolePolicy": "role-policy",
        "SecretVersion": "secret-version",
        "Volume": "volume",
        "LaunchTemplate": "template",
    }
    assert {f"{kind} orders-{slot}-{what}" for kind, what in own.items()} <= needs
    assert {"BucketPolicy orders-bucket-policy", "BucketObjectv2 orders-agent", "Zone orders-zone"} <= needs
    assert {f"VpcEndpoint orders-endpoint-{each}" for each in ("s3", "ec2", "secretsmanager")} <= needs
    assert not [
        each for each in needs if any(other in each and f"-{other}-" in each and other != slot for other in SLOTS)
    ]


@pytest.mark.parametrize("slot", SLOTS)
def test_a_members_place_is_made_first_and_deleted_last(recording: Recording, slot: str) -> None:
    place = recording.of_type("Ec2Member")[f"orders-{slot}"]
    assert "Bucket orders-bucket" in place.dependencies
    assert f"Ec2Member orders-{slot}" in recording.of_type("Volume")[f"orders-{slot}-volume"].dependencies


def test_programs_are_put_into_a_bucket_that_is_safe_already(recording: Recording) -> None:
    found = recording.of_type("BucketObjectv2")
    assert {each.inputs["key"] for each in found.values()} == {
        f"artifacts/{each['sha256']}" for each in (PROGRAM, ARCHIVE)
    }
    for each in found.values():
        assert {"BucketPolicy orders-bucket-policy", "BucketVersioning orders-bucket-versioning"} <= each.dependencies


def test_no_change_replaces_a_volume(recording: Recording) -> None:
    """Another key, or another zone, would make an empty one."""
    for each in recording.of_type("Volume").values():
        assert {"availabilityZone", "encrypted", "kmsKeyId"} <= set(each.ignore_changes)
    assert not any(each.delete_before_replace for each in recording.resources)


def test_user_data_is_what_the_machine_is_told() -> None:
    found = once(False)
    slot = SLOTS[0]
    template = found.of_type("LaunchTemplate")[f"orders-{slot}-template"].inputs
    told = yaml.safe_load(base64.b64decode(template["userData"]))["write_files"]
    (machine,) = (json.loads(each["content"]) for each in told if each["path"] == "/etc/etcd-ops/machine.json")
    assert machine == {
        "cluster": "orders", "slot": slot, "zone": ZONES[0], "region": REGION, "account": ACCOUNT,
        "architecture": "arm64", "channel": found.one("Rollout").inputs["channel"], "artifacts": "artifacts/",
        "secret": f"etcd/orders/{slot}", "host": HOST.format(slot), "hostedZoneId": "zoneId of orders-zone",
        "group": f"etcd-orders-{slot}", "hook": "etcd-termination", "endpointUrl": "",
        "template": found.one("Rollout").inputs["cluster"]["members"][slot]["template"],
    }  # fmt: skip
    assert base64.b64decode(template["userData"]).decode() == render(machine)
    assert found.of_type("Secret")[f"orders-{slot}-secret"].inputs["name"] == machine["secret"]
    assert found.of_type("Group")[f"orders-{slot}-group"].inputs["name"] == machine["group"]


def test_a_group_starts_the_latest_version_by_its_number() -> None:
    for slot in SLOTS:
        group = once(False).of_type("Group")[f"orders-{slot}-group"].inputs
        assert group["launchTemplate"] == {"id": f"orders-{slot}-template-id", "version": "7"}


def test_a_group_and_the_document_tell_the_same_kind_of_machine(recording: Recording) -> None:
    document = recording.one("Rollout").inputs["cluster"]
    for slot in SLOTS:
        tags = {
            each["key"]: each["value"] for each in recording.of_type("Group")[f"orders-{slot}-group"].inputs["tags"]
        }
        assert tags["etcd-template"] == document["members"][slot]["template"]
    assert document["agent"]["archive"] == ARCHIVE["sha256"]
    assert document["agent"]["command"] == [f"/opt/etcd-ops/releases/{ARCHIVE['sha256']}/bin/etcd-ops"]
    bucket = recording.one("Bucket").inputs["bucket"]
    assert document["etcd"]["binary"] == {
        "source": f"s3://{bucket}/artifacts/{PROGRAM['sha256']}",
        "sha256": PROGRAM["sha256"],
    }


def test_a_secret_says_what_the_document_names() -> None:
    found = once(False)
    members = found.one("Rollout").inputs["cluster"]["members"]
    trusts = found.one("Rollout").inputs["cluster"]["trust"].values()
    for slot in SLOTS:
        version = found.of_type("SecretVersion")[f"orders-{slot}-secret-version"]
        delivered = json.loads(version.inputs["secretString"])
        leaves = {use: fingerprint(each["certificate"]) for use, each in delivered["credentials"].items()}
        assert leaves == members[slot]["certificates"]
        assert all(each["key"].startswith(f"key of orders-{slot}-") for each in delivered["credentials"].values())
        believed = {fingerprint(each) for each in delivered["authorities"]}
        assert believed == {each for trust in trusts for each in trust["authorities"].values()}


def test_keys_are_in_secrets_and_nowhere_else() -> None:
    for each in of_aws(once(False)):
        if each.name.endswith("-secret-version"):
            assert ("secretString",) in each.secrets
        else:
            assert "key of" not in json.dumps(each.inputs)
            assert each.secrets == frozenset()
    for kind in ("Rollout", "Ec2Cluster", "Ec2Member"):
        assert all(each.secrets == frozenset() for each in once(False).of_type(kind).values())


def test_a_preview_knows_everything_but_what_others_compute() -> None:
    for each in once(True).of_type("Rollout").values():
        paths = {text(path) for path in unknown_paths(each.inputs)}
        assert all(".certificates." in path or ".authorities." in path for path in paths), paths
    for kind in ("Ec2Cluster", "Ec2Member", "Volume"):
        for each in once(True).of_type(kind).values():
            unknown = {text(path) for path in unknown_paths(each.inputs)}
            assert unknown <= {"kmsKeyId"}, unknown


def test_the_contract_is_in_properties_and_outputs(recording: Recording) -> None:
    terms = recording.one("Ec2Cluster").inputs
    assert recording.outputs["orders"]["contract"] == terms
    assert terms["platform"] == "ec2"
    assert terms["machine"] == {
        "image": "ami-0123456789abcdef0", "instanceType": "m7g.large", "architecture": "arm64", "publicAddress": False,
        "httpTokens": "required", "httpPutResponseHopLimit": 1, "rootEncrypted": True,
        "rootDevice": "/dev/xvda", "rootBytes": 16 * 1024**3,
    }  # fmt: skip
    assert terms["volume"] == {"type": "gp3", "encrypted": True, "iops": 3000, "throughputMibps": 125}
    assert terms["bucket"]["name"] == f"etcd-orders-{ACCOUNT}-{REGION}"
    assert terms["key"] == {"made": True, "rotation": True}
    assert terms["network"] == {"made": True, "cidr": "10.20.0.0/22", "subnets": 3, "interfaceEndpoints": 6}
    assert terms["protect"] == {"volumes": False, "authorities": False, "bucket": False}
    assert UNKNOWN not in json.dumps(terms)


def test_what_the_contract_says_is_what_is_registered(recording: Recording) -> None:
    terms = recording.one("Ec2Cluster").inputs
    for each in recording.of_type("LaunchTemplate").values():
        metadata, (interface,) = each.inputs["metadataOptions"], each.inputs["networkInterfaces"]
        (root,) = each.inputs["blockDeviceMappings"]
        assert terms["machine"] == {
            "image": each.inputs["imageId"],
            "instanceType": each.inputs["instanceType"],
            "architecture": "arm64",
            "httpTokens": metadata["httpTokens"],
            "httpPutResponseHopLimit": metadata["httpPutResponseHopLimit"],
            "publicAddress": interface["associatePublicIpAddress"] == "true",
            "rootEncrypted": root["ebs"]["encrypted"] == "true",
            "rootDevice": root["deviceName"],
            "rootBytes": root["ebs"]["volumeSize"] * 1024**3,
        }
        assert root["ebs"]["volumeType"] == "gp3"
    for each in recording.of_type("Volume").values():
        found = {"type": "type", "encrypted": "encrypted", "iops": "iops", "throughputMibps": "throughput"}
        assert terms["volume"] == {name: each.inputs[what] for name, what in found.items()}
    endpoints = [each.inputs for each in recording.of_type("VpcEndpoint").values()]
    assert [len(each["subnetIds"]) for each in endpoints if each["vpcEndpointType"] == "Interface"] == (
        [terms["network"]["subnets"]] * terms["network"]["interfaceEndpoints"]
    )
    assert len(recording.of_type("Subnet")) == terms["network"]["subnets"]
    key = recording.one("Key").inputs
    assert terms["key"]["rotation"] == key["enableKeyRotation"]
    assert terms["bucket"]["versioned"] == (
        recording.one("BucketVersioning").inputs["versioningConfiguration"]["status"] == "Enabled"
    )
    blocked = {
        name: value for name, value in recording.one("BucketPublicAccessBlock").inputs.items() if name != "bucket"
    }
    assert terms["bucket"]["publicAccess"] == (set(blocked.values()) != {True} or len(blocked) != 4)


def test_values_of_other_resources_may_flow_in() -> None:
    """A VPC, its subnets, a key, a topic and groups that the same program makes."""

    def changes() -> dict[str, Any]:
        later = pulumi.Output.from_input
        return {
            "network": {"vpc_id": later("vpc-9"), "subnets": {zone: later(f"subnet-9{zone[-1]}") for zone in ZONES}},
            "kms_key_arn": later(KEY),
            "alarms": {"topic_arn": later("arn:aws:sns:eu-central-1:123456789012:t")},
            "clients": {"security_groups": [later("sg-9")]},
            "load_balancer": {},
        }

    found = recorded_late(changes)
    assert {each.inputs["vpcId"] for each in found.of_type("SecurityGroup").values()} == {"vpc-9"}
    assert {each.inputs["kmsKeyId"] for each in found.of_type("Volume").values()} == {KEY}
    sources = {
        each.inputs.get("referencedSecurityGroupId") for each in found.of_type("SecurityGroupIngressRule").values()
    }
    assert "sg-9" in sources
    terms = found.one("Ec2Cluster").inputs
    assert (terms["key"], terms["network"], terms["clients"]) == (
        {"made": False},
        {"made": False},
        {"cidrs": [], "securityGroups": 1},
    )
    assert "vpc-9" not in json.dumps(terms)


def test_what_is_protected() -> None:
    found = recorded(protect={"volumes": True, "bucket": True}, network=GIVEN)
    assert {each.type.rsplit(":", maxsplit=1)[-1] for each in found.resources if each.protect} == {
        "Volume",
        "Key",
        "Bucket",
        "Rollout",
    }
    assert not found.one("Bucket").inputs["forceDestroy"]


def test_a_role_is_taken_by_plugin_and_rollout_and_told_to_no_machine() -> None:
    role, url = f"arn:aws:iam::{ACCOUNT}:role/deployer", "http://127.0.0.1:5000"
    found = recorded(role_arn=role, endpoint_url=url, size=1)
    (provider,) = (each for each in found.resources if each.type == "pulumi:providers:aws")
    (assumed,) = json.loads(provider.inputs["assumeRoles"])
    assert assumed["roleArn"] == found.one("Rollout").inputs["channel"]["roleArn"] == role
    (template,) = found.of_type("LaunchTemplate").values()
    assert role not in base64.b64decode(template.inputs["userData"]).decode()
    (endpoints,) = json.loads(provider.inputs["endpoints"])
    assert set(endpoints.values()) == {url}
    assert {each.type.split(":")[1].split("/")[0] for each in of_aws(found)} - {"ebs", "vpc"} <= endpoints.keys()


def test_files_for_etcd_ops_are_written_where_they_are_wanted() -> None:
    context = recorded(directory="/srv/etcd-ops", size=1).one("LocalContext").inputs
    assert context["directory"] == "/srv/etcd-ops"


def test_without_the_extra_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("pulumi_etcd.extras.importlib.metadata.version", missing)
    with pytest.raises(pulumi.RunError, match=r"need pulumi-aws: install pulumi-etcd\[aws\]"):
        recorded(agent={"archive": ARCHIVE, "version": "1.0.0"})


def test_nothing_of_the_sdk_is_imported() -> None:
    """It takes seconds, and hundreds of megabytes."""
    code = "import sys, pulumi_etcd; print({'pulumi_aws', 'boto3', 'botocore'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_every_optional_argument_is_tried() -> None:
    """Also one that somebody adds later."""
    tried = {each for changes in EC2.values() for each in given(ARGS | changes, Ec2ClusterArgs)}
    assert set(optional(Ec2ClusterArgs)) <= tried
