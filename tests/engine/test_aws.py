"""An Ec2Cluster under the real engine, with the plugin aws or its stand-in, on an emulated AWS.

The tests follow each other through one cluster's life: an `up` of everything takes its time.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.components.ec2 import ACCOUNT, REGION, ZONES
from tests.engine.aws_stack import BUCKET, GIB, SLOTS, Ec2Stack, tags
from tests.servers.aws import AwsServer, aws_server
from tools.engine import Engine

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900), pytest.mark.xdist_group("aws-plugin")]

OTHER_IMAGE = "ami-0fedcba9876543210"
PROTECTED = {"volumes": True, "authorities": True, "bucket": True}
ROLLED = {"image": OTHER_IMAGE, "volume": {"size_bytes": 20 * GIB}, "protect": PROTECTED}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsServer]:
    with aws_server(tmp_path_factory.mktemp("aws"), "127.43.0.6") as server:
        yield server


@pytest.fixture(scope="module")
def stack(engine: Engine, tmp_path_factory: pytest.TempPathFactory, aws: AwsServer) -> Iterator[Ec2Stack]:
    """Up, and served by stand-in agents."""
    made = Ec2Stack(engine, tmp_path_factory.mktemp("ec2") / "project", aws)
    with made.agents():
        made.project.up()
        yield made


@pytest.fixture(scope="module")
def instances(stack: Ec2Stack) -> dict[str, str]:
    """Those that were started at first."""
    return stack.instances()


@pytest.fixture(scope="module")
def rolled(stack: Ec2Stack, instances: dict[str, str]) -> dict[str, str]:
    """The cluster with another image and larger volumes, now protected; what the preview said, by name."""
    stack.declare(**ROLLED)
    told = stack.changes()
    stack.project.up()
    return told


def test_resolvers_forget_soon_that_a_name_is_not_there(aws: AwsServer, stack: Ec2Stack) -> None:
    """The lesser of the record's own TTL and its last number counts."""
    records = aws.client("route53").list_resource_record_sets(HostedZoneId=hosted_zone(aws))["ResourceRecordSets"]
    servers = [value["Value"] for each in records if each["Type"] == "NS" for value in each["ResourceRecords"]]
    (authority,) = [each for each in records if each["Type"] == "SOA"]
    (told,) = [each["Value"].split() for each in authority["ResourceRecords"]]
    assert authority["TTL"] == int(told[-1]) == 5
    assert told[0] in servers


def test_one_instance_and_one_encrypted_volume_are_in_every_zone(aws: AwsServer, stack: Ec2Stack) -> None:
    groups = aws.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    sizes = {(group["MinSize"], group["MaxSize"], group["DesiredCapacity"]) for group in groups}
    assert (len(groups), sizes) == (3, {(1, 1, 1)})
    assert {zone for group in groups for zone in group["AvailabilityZones"]} == set(ZONES)
    assert stack.instances().keys() == set(SLOTS)
    key = aws.client("kms").describe_key(KeyId="alias/etcd-orders")["KeyMetadata"]["Arn"]
    volumes = [each for each in stack.tagged("volumes") if tags(each).get("etcd-volume") == "data"]
    assert {tags(each)["etcd-slot"]: each["AvailabilityZone"] for each in volumes} == dict(
        zip(SLOTS, ZONES, strict=True)
    )
    for each in volumes:
        assert (each["Encrypted"], each["KmsKeyId"], each["VolumeType"]) == (True, key, "gp3")
        assert (each["Size"], each["Iops"], each["Throughput"]) == (10, 3000, 125)


def test_a_template_names_what_was_made_for_its_slot(aws: AwsServer, stack: Ec2Stack) -> None:
    groups = {each["GroupName"]: each["GroupId"] for each in stack.tagged("security_groups")}
    zone = hosted_zone(aws)
    for slot in SLOTS:
        data = template(aws, slot)
        profile = aws.client("iam").get_instance_profile(InstanceProfileName=f"etcd-orders-{REGION}-{slot}")
        assert data["IamInstanceProfile"]["Arn"] == profile["InstanceProfile"]["Arn"]
        assert [each["RoleName"] for each in profile["InstanceProfile"]["Roles"]] == [f"etcd-orders-{REGION}-{slot}"]
        assert data["MetadataOptions"]["HttpTokens"] == "required"
        (interface,) = data["NetworkInterfaces"]
        assert interface["AssociatePublicIpAddress"] is False
        assert set(interface["Groups"]) <= set(groups.values())
        assert data["BlockDeviceMappings"][0]["Ebs"]["Encrypted"] is True
        written = yaml.safe_load(base64.b64decode(data["UserData"]))["write_files"]
        assert any(zone in str(each["content"]) for each in written)


def test_a_group_starts_its_template_and_holds_terminations(aws: AwsServer, stack: Ec2Stack) -> None:
    client = aws.client("autoscaling")
    for group in client.describe_auto_scaling_groups()["AutoScalingGroups"]:
        name = group["AutoScalingGroupName"]
        assert group["LaunchTemplate"]["LaunchTemplateName"] == name
        assert group["LaunchTemplate"]["Version"] == "1"
        (hook,) = client.describe_lifecycle_hooks(AutoScalingGroupName=name)["LifecycleHooks"]
        assert hook["LifecycleTransition"] == "autoscaling:EC2_INSTANCE_TERMINATING"
        assert hook["LifecycleHookName"] == "etcd-termination"


def test_the_bucket_is_private_versioned_encrypted_and_holds_both_programs(aws: AwsServer, stack: Ec2Stack) -> None:
    s3 = aws.client("s3")
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    assert set(s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"].values()) == {True}
    (rule,) = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    policy = json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])
    assert {"Bool": {"aws:SecureTransport": "false"}} in [each.get("Condition") for each in policy["Statement"]]
    for name in ("etcd", "agent.tar.gz"):
        artifact = stack.artifact(name)
        found = s3.get_object(Bucket=BUCKET, Key=f"artifacts/{artifact['sha256']}")["Body"].read()
        assert found == (stack.files / name).read_bytes()


def test_a_role_says_what_its_member_may_do_with_what_was_made(aws: AwsServer, stack: Ec2Stack) -> None:
    iam, zone = aws.client("iam"), hosted_zone(aws)
    for slot in SLOTS:
        policy = iam.get_role_policy(RoleName=f"etcd-orders-{REGION}-{slot}", PolicyName="member")["PolicyDocument"]
        resources = [str(each.get("Resource")) for each in policy["Statement"]]
        assert any(f"hostedzone/{zone}" in each for each in resources)
        assert any(f"secret:etcd/orders/{slot}-" in each for each in resources)
        secret = aws.client("secretsmanager").get_secret_value(SecretId=f"etcd/orders/{slot}")["SecretString"]
        assert json.loads(secret).keys() == {"authorities", "credentials"}


def test_nobody_gets_in_from_everywhere(aws: AwsServer, stack: Ec2Stack) -> None:
    rules = aws.client("ec2").describe_security_group_rules()["SecurityGroupRules"]
    made = {each["GroupId"] for each in stack.tagged("security_groups")}
    entering = [each for each in rules if each["GroupId"] in made and not each["IsEgress"]]
    assert entering
    assert not [each for each in entering if each.get("CidrIpv4") == "0.0.0.0/0" or each.get("CidrIpv6") == "::/0"]
    leaving = [each for each in rules if each["GroupId"] in made and each["IsEgress"]]
    assert not [each for each in leaving if each.get("CidrIpv4") == "0.0.0.0/0"]
    (subnets,) = [{each["AvailabilityZone"] for each in stack.tagged("subnets")}]
    assert subnets == set(ZONES)


def test_no_key_is_in_the_state_in_plain(stack: Ec2Stack) -> None:
    exported = stack.project.succeed_quietly("stack", "export")
    assert "PRIVATE KEY" not in exported


def test_what_is_up_stays_as_it_is(stack: Ec2Stack) -> None:
    stack.project.succeed("up", "--refresh", "--yes", "--skip-preview", "--expect-no-changes")


def test_another_image_and_larger_volumes_touch_no_instance(
    aws: AwsServer, stack: Ec2Stack, rolled: dict[str, str], instances: dict[str, str]
) -> None:
    assert set(rolled.values()) == {"update"}
    volumes = {f"orders-{slot}-volume" for slot in SLOTS}
    templates = {f"orders-{slot}-{part}" for slot in SLOTS for part in ("template", "group")}
    members = {f"orders-{slot}" for slot in SLOTS}
    assert {"orders", *volumes, *templates, *members} <= rolled.keys()
    assert stack.instances() == instances
    for slot in SLOTS:
        assert template(aws, slot)["ImageId"] == OTHER_IMAGE
    groups = aws.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert {group["LaunchTemplate"]["Version"] for group in groups} == {"2"}
    sizes = {each["Size"] for each in stack.tagged("volumes") if tags(each).get("etcd-volume") == "data"}
    assert sizes == {20}


def test_a_volume_is_never_moved_or_shrunk(stack: Ec2Stack, rolled: dict[str, str]) -> None:
    other = {"architecture": "x86_64", "instance_type": "m7i.large"}
    stack.declare(**ROLLED | {"volume": {"size_bytes": 10 * GIB}} | other)
    told = stack.project.fail("preview")
    assert "volumeBytes: cannot change from" in told
    assert "architecture: " in told


def test_a_destroy_leaves_what_is_protected_then_everything_goes(
    aws: AwsServer, stack: Ec2Stack, rolled: dict[str, str]
) -> None:
    stack.declare(**ROLLED)
    volumes = data_volumes(stack)
    told = stack.project.fail("destroy", "--yes", "--skip-preview")
    assert "cannot be deleted" in told, told
    assert (len(volumes), data_volumes(stack)) == (3, volumes)
    aws.client("s3").head_bucket(Bucket=BUCKET)
    (key,) = aws.client("kms").list_keys()["Keys"]
    assert aws.client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "Enabled"

    stack.declare(**ROLLED | {"protect": dict.fromkeys(PROTECTED, False)})
    stack.project.up()
    stack.project.succeed("destroy", "--yes", "--skip-preview")
    assert not stack.instances()
    for kind in ("volumes", "security_groups", "subnets", "vpcs", "launch_templates"):
        left = [each for each in stack.tagged(kind) if tags(each).get("Name") != "etcd-orders-default"]
        assert not [each for each in left if "root" not in tags(each).get("Name", "")], kind
    assert not aws.client("s3").list_buckets()["Buckets"]
    assert not aws.client("secretsmanager").list_secrets()["SecretList"]
    assert not aws.client("iam").list_roles(PathPrefix="/etcd/")["Roles"]
    assert aws.client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert ACCOUNT in key["KeyArn"]


def data_volumes(stack: Ec2Stack) -> set[str]:
    """IDs of those that hold etcd's data."""
    return {each["VolumeId"] for each in stack.tagged("volumes") if tags(each).get("etcd-volume") == "data"}


def hosted_zone(aws: AwsServer) -> str:
    """ID of the private zone."""
    (zone,) = aws.client("route53").list_hosted_zones()["HostedZones"]
    assert (zone["Name"], zone["Config"]["PrivateZone"]) == ("orders.etcd.internal.", True)
    return str(zone["Id"].rpartition("/")[2])


def template(aws: AwsServer, slot: str) -> dict[str, Any]:
    """What the newest version of a slot's launch template says."""
    versions = aws.client("ec2").describe_launch_template_versions(
        LaunchTemplateName=f"etcd-orders-{slot}", Versions=["$Latest"]
    )["LaunchTemplateVersions"]
    found: dict[str, Any] = versions[0]["LaunchTemplateData"]
    return found
