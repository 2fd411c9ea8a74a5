"""What members may do in AWS: what they have to, each on what is its own, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from etcd_ops.channel.port import CONTROLS, DESIRED, FORMATION, LOCK, log_name, status_name
from etcd_ops.ec2.calls import CALLS
from pulumi_etcd.ec2 import bucket, iam
from pulumi_etcd.ec2.planned import Json, Ref, replaced
from tests.components.ec2 import ACCOUNT, KEY, REGION, declaration, of_kind, planned
from tests.components.iam_rules import Request, allows, denies

SLOTS = {"a-1": f"{REGION}a", "b-1": f"{REGION}b", "c-1": f"{REGION}c"}
BUCKET = f"arn:aws:s3:::etcd-orders-{ACCOUNT}-{REGION}"
ZONE = "arn:aws:route53:::hostedzone/Z1"
THIS = declaration(zones=list(SLOTS.values()), slots=SLOTS, kms_key_arn=KEY)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/etcd/orders/etcd-orders-{REGION}-a-1"
ANYWHERE = {"aws:RequestedRegion": REGION}
"""What cannot be confined to resources is confined to the region."""


def documents(kind: str, name: str) -> dict[str, Any]:
    """By resource: the document in a property, with what only AWS knows."""
    found = {}
    for each in of_kind(planned(THIS), kind).values():
        text = each.properties[name]
        assert isinstance(text, Json)
        found[each.name] = replaced(text.value, lambda leaf: ZONE if isinstance(leaf, Ref) else leaf)
    return found


def role(slot: str) -> dict[str, Any]:
    found: dict[str, Any] = documents("RolePolicy", "policy")[f"orders-{slot}-role-policy"]
    return found


BUCKET_POLICY = documents("BucketPolicy", "policy")["orders-bucket-policy"]
OWN = {"aws:ResourceAccount": ACCOUNT}
AS_MEMBER = {
    **OWN,
    "aws:PrincipalArn": ROLE,
    "aws:PrincipalAccount": ACCOUNT,
    "aws:SecureTransport": "true",
    "s3:TlsVersion": "1.3",
}


def may(slot: str, action: str, resource: str, **context: Any) -> bool:
    return allows([role(slot), BUCKET_POLICY], Request(action, resource, {**AS_MEMBER, **context}))


def test_every_call_has_its_grant_and_every_grant_its_call() -> None:
    assert {call.action for call in CALLS} == iam.GRANTS.keys()
    assert len(CALLS) == len({call.action for call in CALLS})
    assert all(call.why for call in CALLS)


def test_a_role_has_the_grants_of_the_table_and_those_of_aws() -> None:
    found = [action for each in role("a-1")["Statement"] for action in each["Action"]]
    assert sorted(found) == sorted([*iam.GRANTS, *iam.BY_AWS, *iam.SESSIONS])


def test_without_sessions_nothing_of_systems_manager_is_granted() -> None:
    this = declaration(session_manager=False, kms_key_arn=KEY)
    for each in of_kind(planned(this), "RolePolicy").values():
        actions = [action for found in each.properties["policy"].value["Statement"] for action in found["Action"]]
        assert not [action for action in actions if action.startswith("ssm")]


def test_no_action_is_a_pattern_and_only_what_cannot_be_confined_is_of_everything() -> None:
    for each in role("a-1")["Statement"]:
        assert not [action for action in each["Action"] if "*" in action]
        if each["Resource"] == ["*"]:
            assert each["Condition"] == {"StringEquals": {"aws:RequestedRegion": REGION}}
            assert all("Describe" in action or action.startswith("ssm") for action in each["Action"])


@pytest.mark.parametrize("name", [status_name("a-1"), log_name("a-1"), LOCK, FORMATION])
def test_a_member_writes_what_it_publishes(name: str) -> None:
    assert may("a-1", "s3:PutObject", f"{BUCKET}/channel/{name}")


OTHERS = [
    f"channel/{DESIRED}",
    f"channel/{CONTROLS}",
    f"channel/{status_name('b-1')}",
    f"channel/{log_name('b-1')}",
    f"artifacts/{'e' * 64}",
]


@pytest.mark.parametrize("key", OTHERS)
def test_a_member_writes_nothing_else(key: str) -> None:
    assert not may("a-1", "s3:PutObject", f"{BUCKET}/{key}")
    assert not may("a-1", "s3:DeleteObject", f"{BUCKET}/{key}")


@pytest.mark.parametrize("key", [f"channel/{DESIRED}", f"channel/{CONTROLS}", f"artifacts/{'e' * 64}"])
@pytest.mark.parametrize("action", ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"])
def test_the_bucket_refuses_a_member_that_was_given_every_right(key: str, action: str) -> None:
    assert denies(BUCKET_POLICY, Request(action, f"{BUCKET}/{key}", AS_MEMBER))
    deployer = {**AS_MEMBER, "aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/deployer"}
    assert not denies(BUCKET_POLICY, Request(action, f"{BUCKET}/{key}", deployer))


SETTINGS = ("PutBucketPolicy", "DeleteBucketPolicy", "PutLifecycleConfiguration", "PutBucketVersioning", "DeleteBucket")


@pytest.mark.parametrize("action", SETTINGS)
def test_the_bucket_refuses_a_member_that_would_change_its_settings(action: str) -> None:
    assert denies(BUCKET_POLICY, Request(f"s3:{action}", BUCKET, AS_MEMBER))
    deployer = {**AS_MEMBER, "aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/deployer"}
    assert not denies(BUCKET_POLICY, Request(f"s3:{action}", BUCKET, deployer))


@pytest.mark.parametrize("name", [status_name("a-1"), log_name("a-1"), LOCK, FORMATION])
@pytest.mark.parametrize("action", ["DeleteObject", "DeleteObjectVersion", "PutObjectTagging", "PutObjectRetention"])
def test_the_bucket_refuses_a_member_that_would_do_more_than_write_what_it_publishes(name: str, action: str) -> None:
    assert denies(BUCKET_POLICY, Request(f"s3:{action}", f"{BUCKET}/channel/{name}", AS_MEMBER))


def test_the_bucket_refuses_a_member_nothing_that_it_is_granted() -> None:
    assert {action for action in iam.GRANTS if action.startswith("s3:")} == set(bucket.MEMBERS_ACTIONS)


def test_a_member_of_a_cluster_with_a_longer_name_is_another_clusters() -> None:
    other = {**AS_MEMBER, "aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/etcd/orders-eu/etcd-orders-eu-{REGION}-a-1"}
    assert not denies(BUCKET_POLICY, Request("s3:PutObject", f"{BUCKET}/channel/{DESIRED}", other))


@pytest.mark.parametrize(
    "context",
    [{"aws:SecureTransport": "false"}, {"s3:TlsVersion": "1.1"}, {"aws:PrincipalAccount": "999999999999"}],
    ids=["in the clear", "old TLS", "another account"],
)
def test_the_bucket_refuses_whoever_comes_like_this(context: dict[str, str]) -> None:
    key = f"{BUCKET}/channel/{status_name('a-1')}"
    assert not denies(BUCKET_POLICY, Request("s3:GetObject", key, AS_MEMBER))
    assert denies(BUCKET_POLICY, Request("s3:GetObject", key, AS_MEMBER | context))


def test_a_member_reads_channel_and_programs_of_its_own_account_only() -> None:
    for key in (f"channel/{DESIRED}", f"artifacts/{'e' * 64}"):
        assert may("a-1", "s3:GetObject", f"{BUCKET}/{key}")
        assert not may("a-1", "s3:GetObject", f"{BUCKET}/{key}", **{"aws:ResourceAccount": "999999999999"})
    assert may("a-1", "s3:ListBucket", BUCKET)
    assert not may("a-1", "s3:GetObject", "arn:aws:s3:::another/channel/desired.json")


def test_a_member_reads_its_own_secret_only() -> None:
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:etcd/orders/%s-AbCdEf"
    assert may("a-1", "secretsmanager:GetSecretValue", secret % "a-1")
    assert not may("a-1", "secretsmanager:GetSecretValue", secret % "b-1")
    assert not may("a-1", "secretsmanager:GetSecretValue", secret % "a-1-and-more")


@pytest.mark.parametrize("action", ["ec2:AttachVolume", "ec2:DetachVolume"])
@pytest.mark.parametrize("resource", ["volume/vol-1", "instance/i-1"])
def test_a_member_attaches_its_own_volume_to_its_own_instance_only(action: str, resource: str) -> None:
    arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:{resource}"
    tags = {"aws:ResourceTag/etcd-cluster": "orders", "aws:ResourceTag/etcd-slot": "a-1"}
    assert may("a-1", action, arn, **tags)
    assert not may("b-1", action, arn, **tags)
    assert not may("a-1", action, arn, **tags | {"aws:ResourceTag/etcd-cluster": "others"})
    assert not may("a-1", action, arn)


def change(name: str, kind: str = "A", action: str = "UPSERT") -> dict[str, Any]:
    key = "route53:ChangeResourceRecordSets"
    return {f"{key}NormalizedRecordNames": [name], f"{key}RecordTypes": [kind], f"{key}Actions": [action]}


def test_a_member_points_its_own_name_only() -> None:
    action, host = "route53:ChangeResourceRecordSets", "a-1.orders.etcd.internal"
    assert may("a-1", action, ZONE, **change(host))
    assert not may("a-1", action, "arn:aws:route53:::hostedzone/Z2", **change(host))
    assert not may("a-1", action, ZONE, **change("b-1.orders.etcd.internal"))
    assert not may("a-1", action, ZONE, **change(host, kind="CNAME"))
    assert not may("a-1", action, ZONE, **change(host, action="DELETE"))
    assert not may("a-1", action, ZONE)


def test_a_member_has_only_its_own_instance_replaced_and_lets_any_dead_one_of_the_cluster_go() -> None:
    group = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:1-2:autoScalingGroupName/etcd-orders-%s"
    tags = {"aws:ResourceTag/etcd-cluster": "orders"}
    replace, complete = "autoscaling:TerminateInstanceInAutoScalingGroup", "autoscaling:CompleteLifecycleAction"
    assert may("a-1", replace, group % "a-1", **tags, **{"aws:ResourceTag/etcd-slot": "a-1"})
    assert not may("a-1", replace, group % "b-1", **tags, **{"aws:ResourceTag/etcd-slot": "b-1"})
    assert may("a-1", complete, group % "b-1", **tags)
    assert not may("a-1", complete, group % "eu-b-1", **{"aws:ResourceTag/etcd-cluster": "orders-eu"})


def test_the_key_is_used_through_the_services_only() -> None:
    via = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
    assert may("a-1", "kms:Decrypt", KEY, **via)
    assert not may("a-1", "kms:Decrypt", KEY)
    assert not may("a-1", "kms:Decrypt", KEY.replace("1111", "2222"), **via)
    grant = {"kms:ViaService": f"ec2.{REGION}.amazonaws.com", "kms:GrantIsForAWSResource": "true"}
    assert may("a-1", "kms:CreateGrant", KEY, **grant)
    assert not may("a-1", "kms:CreateGrant", KEY, **grant | {"kms:GrantIsForAWSResource": "false"})


def test_instances_take_the_role_and_nobody_else() -> None:
    for document in documents("Role", "assumeRolePolicy").values():
        (statement,) = document["Statement"]
        assert (statement["Principal"], statement["Action"]) == ({"Service": "ec2.amazonaws.com"}, ["sts:AssumeRole"])


def test_regions_of_the_government_have_arns_of_their_own() -> None:
    region = "us-gov-west-1"
    this = declaration(region=region, zones=[f"{region}a"], size=1)
    for each in of_kind(planned(this), "BucketPolicy").values():
        assert f"arn:aws-us-gov:s3:::etcd-orders-{ACCOUNT}-{region}" in str(each.properties["policy"].value)
