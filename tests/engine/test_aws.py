"""An Ec2Cluster under the real engine, with the plugin aws or its stand-in, on an emulated AWS.

The tests follow each other through one cluster's life: an `up` of everything takes its time.
"""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from tests.components.ec2 import ACCOUNT, REGION, ZONES
from tests.engine.aws_slots import KINDS, Parts, parts
from tests.engine.aws_stack import BUCKET, GIB, SLOTS, TIMEOUT, TOPIC, Ec2Stack, tags
from tests.engine.stacks import eventually
from tests.policies.test_engine import PACK, analysis, configured
from tests.policies.test_own_stacks import audit
from tests.servers.aws import AwsServer, aws_server
from tests.servers.freezing import frozen
from tests.tools.project import STACK
from tools.engine import Engine

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900), pytest.mark.xdist_group("aws-plugin")]

OTHER_IMAGE = "ami-0fedcba9876543210"
MORE = {f"{zone}-2" for zone in ZONES[:2]}
"""The slots that five members have beside the three."""
OF_GROUPS = ("GroupInServiceInstances", "StatusCheckFailed")
OF_VOLUMES = ("VolumeStalledIOCheck", "VolumeIOPSExceededCheck")
"""Metrics with alarms."""
PROTECTED = {"volumes": True, "authorities": True, "bucket": True}
ROLLED = {"image": OTHER_IMAGE, "volume": {"size_bytes": 20 * GIB}}
GROWN = ROLLED | {"size": 5}
SHRUNK = ROLLED | {
    "slots": dict(zip(SLOTS, ZONES, strict=True)), "protect": PROTECTED, "environment": "production",
}  # fmt: skip


@dataclass(frozen=True)
class Shrinking:
    """What AWS had of every slot, from five members back to three."""

    before: dict[str, Parts]
    waiting: dict[str, Parts]
    """While members had not yet applied the document without two of them."""
    after: dict[str, Parts]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsServer]:
    with aws_server(tmp_path_factory.mktemp("aws"), "127.43.0.6") as server:
        yield server


@pytest.fixture(scope="module")
def declared(engine: Engine, tmp_path_factory: pytest.TempPathFactory, aws: AwsServer) -> Ec2Stack:
    """Nothing of it is up."""
    return Ec2Stack(engine, tmp_path_factory.mktemp("ec2") / "project", aws)


@pytest.fixture(scope="module")
def agents(declared: Ec2Stack) -> Iterator[subprocess.Popen[bytes]]:
    """Stand-ins of every member's."""
    with declared.agents() as running:
        yield running


@pytest.fixture(scope="module")
def stack(declared: Ec2Stack, agents: subprocess.Popen[bytes]) -> Ec2Stack:
    """Up, and served by stand-in agents."""
    assert agents.poll() is None
    declared.project.up()
    return declared


@pytest.fixture(scope="module")
def first(stack: Ec2Stack) -> dict[str, Parts]:
    """What AWS has of every slot at first."""
    return parts(stack)


@pytest.fixture(scope="module")
def rolled(stack: Ec2Stack, first: dict[str, Parts]) -> dict[str, str]:
    """The cluster with another image, larger volumes and two more members; what the preview said, by name.

    The policy pack, held to development, lets it pass, and warns of the quota of a new account.
    """
    assert first.keys() == set(SLOTS)
    stack.declare(**GROWN)
    told = stack.changes()
    held = ("--policy-pack", PACK, "--policy-pack-config", f"{PACK}/development.json")
    assert "service-quotas  (etcd:index:Ec2Cluster: orders)" in stack.project.succeed(
        "up", "--yes", "--skip-preview", *held
    )
    return told


@pytest.fixture(scope="module")
def shrinking(stack: Ec2Stack, agents: subprocess.Popen[bytes], rolled: dict[str, str]) -> Shrinking:
    """Two members fewer; the others are production, and protected. Agents answer only once AWS was looked at."""
    assert rolled
    stack.declare(**SHRUNK)
    before = parts(stack)
    with stack.project.starting("up", "--yes", "--skip-preview") as update:
        with frozen(agents.pid):
            eventually(lambda: stack.members() == set(SLOTS), "the document is written", TIMEOUT, 0.5)
            waiting = parts(stack)
        told, _ = update.communicate(timeout=TIMEOUT)
    assert update.returncode == 0, told
    return Shrinking(before, waiting, parts(stack))


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


def test_nobody_reaches_anybody_but_by_the_ways_that_are_needed(aws: AwsServer, stack: Ec2Stack) -> None:
    called = {
        each["GroupId"]: each["GroupName"].removeprefix("etcd-orders-") for each in stack.tagged("security_groups")
    }
    rules = aws.client("ec2").describe_security_group_rules()["SecurityGroupRules"]
    made = [each for each in rules if each["GroupId"] in called]
    assert {each["IpProtocol"] for each in made} == {"tcp"}
    assert {way(each, called) for each in made} == {
        ("members", "in", 2380, "members"), ("members", "out", 2380, "members"),
        ("members", "in", 2379, "members"), ("members", "out", 2379, "members"),
        ("members", "in", 2379, "10.30.0.0/16"),
        ("members", "in", 2379, "load-balancer"), ("load-balancer", "out", 2379, "members"),
        ("members", "in", 2381, "load-balancer"), ("load-balancer", "out", 2381, "members"),
        ("load-balancer", "in", 2379, "10.30.0.0/16"),
        ("members", "out", 443, "endpoints"), ("endpoints", "in", 443, "members"),
        ("members", "out", 443, "S3"),
    }  # fmt: skip


def way(rule: dict[str, Any], called: dict[str, str]) -> tuple[str, str, int, str]:
    """A rule as whose it is, its direction, its one port, and the other end."""
    assert rule["FromPort"] == rule["ToPort"]
    group = rule.get("ReferencedGroupInfo", {}).get("GroupId")
    other = called[group] if group else rule.get("CidrIpv4") or ("S3" if rule.get("PrefixListId") else "everybody")
    return called[rule["GroupId"]], "out" if rule["IsEgress"] else "in", rule["FromPort"], other


def test_subnets_are_in_every_zone(stack: Ec2Stack) -> None:
    (subnets,) = [{each["AvailabilityZone"] for each in stack.tagged("subnets")}]
    assert subnets == set(ZONES)


def test_the_load_balancer_leads_to_every_member(aws: AwsServer, stack: Ec2Stack) -> None:
    client = aws.client("elbv2")
    (balancer,) = client.describe_load_balancers()["LoadBalancers"]
    (listener,) = client.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    (targets,) = client.describe_target_groups()["TargetGroups"]
    assert (balancer["Scheme"], balancer["Type"], listener["Protocol"], listener["Port"]) == (
        "internal", "network", "TCP", 2379,
    )  # fmt: skip
    assert {each["ZoneName"] for each in balancer["AvailabilityZones"]} == set(ZONES)
    assert [each["TargetGroupArn"] for each in listener["DefaultActions"]] == [targets["TargetGroupArn"]]
    assert (targets["HealthCheckProtocol"], targets["HealthCheckPath"]) == ("HTTPS", "/readyz")
    health = client.describe_target_health(TargetGroupArn=targets["TargetGroupArn"])["TargetHealthDescriptions"]
    assert {each["Target"]["Id"] for each in health} == set(stack.instances().values())
    groups = aws.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert {tuple(each["TargetGroupARNs"]) for each in groups} == {(targets["TargetGroupArn"],)}


def test_the_zone_itself_is_the_name_of_the_load_balancer(aws: AwsServer, stack: Ec2Stack) -> None:
    (balancer,) = aws.client("elbv2").describe_load_balancers()["LoadBalancers"]
    records = aws.client("route53").list_resource_record_sets(HostedZoneId=hosted_zone(aws))["ResourceRecordSets"]
    ((name, target),) = [(each["Name"], each["AliasTarget"]) for each in records if each["Type"] == "A"]
    assert name == "orders.etcd.internal."
    assert target == {
        "DNSName": balancer["DNSName"],
        "HostedZoneId": balancer["CanonicalHostedZoneId"],
        "EvaluateTargetHealth": True,
    }


def test_alarms_watch_what_was_made_and_tell_the_topic(
    aws: AwsServer, stack: Ec2Stack, first: dict[str, Parts]
) -> None:
    alarms = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert {(*each["AlarmActions"], *each["OKActions"]) for each in alarms} == {(TOPIC, TOPIC)}
    seen = {(each["MetricName"], *(f"{dim['Name']}={dim['Value']}" for dim in each["Dimensions"])) for each in alarms}
    (balancer,) = aws.client("elbv2").describe_load_balancers()["LoadBalancers"]
    (targets,) = aws.client("elbv2").describe_target_groups()["TargetGroups"]
    shared = (
        f"LoadBalancer={balancer['LoadBalancerArn'].partition('loadbalancer/')[2]}",
        f"TargetGroup={targets['TargetGroupArn'].rpartition(':')[2]}",
    )
    groups = [("AutoScalingGroupName", f"etcd-orders-{slot}") for slot in SLOTS]
    volumes = [("VolumeId", first[slot]["volume"]) for slot in SLOTS]
    assert seen == {
        ("UnHealthyHostCount", *shared),
        *((metric, f"{name}={value}") for name, value in groups for metric in OF_GROUPS),
        *((metric, f"{name}={value}") for name, value in volumes for metric in OF_VOLUMES),
    }
    assert len(alarms) == len(seen)


def test_the_key_is_rotated(aws: AwsServer, stack: Ec2Stack) -> None:
    kms = aws.client("kms")
    status = kms.get_key_rotation_status(KeyId=kms.describe_key(KeyId="alias/etcd-orders")["KeyMetadata"]["KeyId"])
    assert status["KeyRotationEnabled"] is True


def test_what_is_deployed_keeps_every_rule_of_the_audit(stack: Ec2Stack) -> None:
    """With the configuration of the workflow `compliance`."""
    assert judged(stack, {}) == (0, {})
    stricter = {"odd-member-count": {"minimum": 5}, "volume-performance": {"minimumIops": 4000}}
    assert judged(stack, stricter) == (1, dict.fromkeys(stricter, "mandatory"))


def test_no_key_is_in_the_state_in_plain(stack: Ec2Stack) -> None:
    exported = stack.project.succeed_quietly("stack", "export")
    assert "PRIVATE KEY" not in exported


def test_what_is_up_stays_as_it_is(stack: Ec2Stack) -> None:
    stack.project.succeed("up", "--refresh", "--yes", "--skip-preview", "--expect-no-changes")


def test_another_image_and_larger_volumes_touch_no_instance(
    aws: AwsServer, stack: Ec2Stack, rolled: dict[str, str], first: dict[str, Parts]
) -> None:
    created = {name for name, step in rolled.items() if step == "create"}
    assert {name for name in created if not any(f"-{slot}" in name for slot in MORE)} == set()
    assert {step for name, step in rolled.items() if name not in created} == {"update"}
    volumes = {f"orders-{slot}-volume" for slot in SLOTS}
    templates = {f"orders-{slot}-{part}" for slot in SLOTS for part in ("template", "group")}
    members = {f"orders-{slot}" for slot in SLOTS}
    assert {"orders", *volumes, *templates, *members} <= rolled.keys() - created
    instances = stack.instances()
    assert {slot: instances[slot] for slot in SLOTS} == {slot: first[slot]["instance"] for slot in SLOTS}
    for slot in SLOTS:
        assert template(aws, slot)["ImageId"] == OTHER_IMAGE
    groups = aws.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    versions = {each["AutoScalingGroupName"]: each["LaunchTemplate"]["Version"] for each in groups}
    assert versions == {
        **{f"etcd-orders-{slot}": "2" for slot in SLOTS},
        **{f"etcd-orders-{slot}": "1" for slot in MORE},
    }
    sizes = {each["Size"] for each in stack.tagged("volumes") if tags(each).get("etcd-volume") == "data"}
    assert sizes == {20}


def test_two_more_members_have_all_that_the_others_have(first: dict[str, Parts], shrinking: Shrinking) -> None:
    five = shrinking.before
    assert {slot: five[slot].keys() for slot in five} == dict.fromkeys({*SLOTS, *MORE}, KINDS)
    assert {slot: five[slot] for slot in SLOTS} == first


def test_nothing_of_a_member_goes_before_it_left(shrinking: Shrinking) -> None:
    assert shrinking.waiting == shrinking.before


def test_all_of_the_members_that_left_is_gone_and_nothing_else(
    aws: AwsServer, first: dict[str, Parts], shrinking: Shrinking
) -> None:
    assert shrinking.after == first
    gone = [shrinking.before[slot]["instance"] for slot in MORE]
    reservations = aws.client("ec2").describe_instances(InstanceIds=gone)["Reservations"]
    assert {each["State"]["Name"] for found in reservations for each in found["Instances"]} == {"terminated"}


def test_what_is_deployed_in_production_keeps_every_rule_of_the_audit(stack: Ec2Stack, shrinking: Shrinking) -> None:
    assert shrinking.after
    assert judged(stack, {}) == (0, {})


def test_a_volume_is_never_moved_or_shrunk(stack: Ec2Stack, shrinking: Shrinking) -> None:
    other = {"architecture": "x86_64", "instance_type": "m7i.large"}
    stack.declare(**SHRUNK | {"volume": {"size_bytes": 10 * GIB}} | other)
    told = stack.project.fail("preview")
    assert "volumeBytes: cannot change from" in told
    assert "architecture: " in told


def test_a_destroy_of_what_is_protected_touches_no_instance_then_everything_goes(
    aws: AwsServer, stack: Ec2Stack, shrinking: Shrinking
) -> None:
    assert shrinking.after
    stack.declare(**SHRUNK)
    volumes, instances = data_volumes(stack), stack.instances()
    told = stack.project.fail("destroy", "--yes", "--skip-preview")
    assert "cannot be deleted" in told, told
    assert (len(volumes), data_volumes(stack)) == (3, volumes)
    assert stack.instances() == instances
    aws.client("s3").head_bucket(Bucket=BUCKET)
    (key,) = aws.client("kms").list_keys()["Keys"]
    assert aws.client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "Enabled"

    stack.declare(**SHRUNK | {"protect": dict.fromkeys(PROTECTED, False)})
    stack.project.up()
    stack.project.succeed("destroy", "--yes", "--skip-preview")
    assert not stack.instances()
    for kind in ("volumes", "security_groups", "subnets", "vpcs", "launch_templates"):
        left = [each for each in stack.tagged(kind) if tags(each).get("Name") != "etcd-orders-default"]
        assert not [each for each in left if "root" not in tags(each).get("Name", "")], kind
    assert not parts(stack)
    assert not aws.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert not aws.client("elbv2").describe_target_groups()["TargetGroups"]
    assert not aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert not aws.client("route53").list_hosted_zones()["HostedZones"]
    assert not aws.client("s3").list_buckets()["Buckets"]
    assert not aws.client("secretsmanager").list_secrets()["SecretList"]
    assert not aws.client("iam").list_roles(PathPrefix="/etcd/")["Roles"]
    assert aws.client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert ACCOUNT in key["KeyArn"]


def judged(stack: Ec2Stack, changes: dict[str, Any]) -> tuple[int, dict[str, str]]:
    """What the audit says of the stack, configured a little otherwise."""
    return analysis(stack.project, "--stack", STACK, *configured(stack.project, audit() | changes))


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
