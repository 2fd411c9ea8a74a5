"""The key that volumes, bucket and secrets of a cluster are encrypted with: pure."""

from __future__ import annotations

from typing import Any

from pulumi_etcd.ec2.documents import Grant, document, statement
from pulumi_etcd.ec2.naming import Ec2Names
from pulumi_etcd.ec2.planned import Json, Planned, Ref

ROTATION_DAYS = 365
DELETION_DAYS = 30
"""The longest that AWS waits before it deletes a key: what was encrypted with it is lost then."""
_ENCRYPTING = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey",
               "kms:GenerateDataKeyWithoutPlaintext", "kms:DescribeKey")  # fmt: skip


def key_name(names: Ec2Names) -> str:
    """Name of the key's resource."""
    return f"{names.cluster}-key"


def plan(names: Ec2Names, protect: bool) -> list[Planned]:
    """A key of the cluster's own, which AWS rotates.

    Args:
        names: the cluster's.
        protect: whether the engine refuses to delete it.
    """
    key = Planned(
        name=key_name(names),
        kind="aws:kms/key:Key",
        properties={
            "description": f"etcd cluster {names.cluster}: volumes, bucket and secrets",
            "enableKeyRotation": True,
            "rotationPeriodInDays": ROTATION_DAYS,
            "deletionWindowInDays": DELETION_DAYS,
            "policy": policy(names),
            "tags": names.tags(names.shared),
        },
        protect=protect,
    )
    alias = Planned(
        name=f"{names.cluster}-key-alias",
        kind="aws:kms/alias:Alias",
        properties={"name": f"alias/{names.shared}", "targetKeyId": Ref(key.name, "keyId")},
    )
    return [key, alias]


def policy(names: Ec2Names) -> Json:
    """Who may use the key: whom the account's IAM allows, and Auto Scaling, which starts instances with it."""
    itself = Grant(["*"])
    account = {"AWS": f"arn:{names.partition}:iam::{names.account}:root"}
    return document(
        [
            statement("Account", ["kms:*"], itself, principal=account),
            statement("RootVolumes", _ENCRYPTING, _by_auto_scaling(names), principal={"AWS": "*"}),
            statement("Grants", ["kms:CreateGrant"], _by_auto_scaling(names, granting=True), principal={"AWS": "*"}),
        ]
    )


def _by_auto_scaling(names: Ec2Names, *, granting: bool = False) -> Grant:
    """The role of Auto Scaling itself.

    It is told by a condition: a principal has to exist, and AWS makes that role with the account's first group.
    """
    role = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    conditions: dict[str, Any] = {
        "StringEquals": {"kms:CallerAccount": names.account},
        "ArnEquals": {"aws:PrincipalArn": f"arn:{names.partition}:iam::{names.account}:{role}"},
    }
    if granting:
        conditions["Bool"] = {"kms:GrantIsForAWSResource": "true"}
    return Grant(["*"], conditions)
