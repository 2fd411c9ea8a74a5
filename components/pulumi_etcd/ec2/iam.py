"""What a member's role may do: the calls of `etcd_ops.ec2.calls`, each on what is its own, and what AWS does for it.

Pure. Every call of the table has its grant here, and no other has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from etcd_ops.channel.port import FORMATION, LOCK, log_name, status_name
from etcd_ops.ec2.calls import CALLS
from etcd_ops.model.tags import CLUSTER_TAG, SLOT_TAG
from pulumi_etcd.ec2.documents import Conditions, Grant, document, statement
from pulumi_etcd.ec2.naming import ARTIFACTS, CHANNEL, Ec2Names
from pulumi_etcd.ec2.planned import Json

EVERYTHING = ("*",)
"""For calls that IAM cannot confine to resources (Service Authorization Reference)."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose role it is, and what that needs to know of others' resources."""

    names: Ec2Names
    slot: str
    key_arn: Any
    zone_arn: Any


def written(slot: str) -> tuple[str, ...]:
    """Objects of the channel that a member writes; the bucket's policy names the same."""
    return status_name(slot), log_name(slot), LOCK, FORMATION


def _read(scope: Scope) -> Grant:
    objects = [f"{scope.names.bucket_arn}/{prefix}*" for prefix in (CHANNEL, ARTIFACTS)]
    return Grant(objects, _of_account(scope))


def _list(scope: Scope) -> Grant:
    # A condition on the prefix would not hold where S3 asks for this right itself: to tell a reader that an object is
    # missing, rather than forbidden.
    return Grant([scope.names.bucket_arn], _of_account(scope))


def _write(scope: Scope) -> Grant:
    objects = [f"{scope.names.bucket_arn}/{CHANNEL}{name}" for name in written(scope.slot)]
    return Grant(objects, _of_account(scope))


def _secret(scope: Scope) -> Grant:
    # Secrets Manager ends every secret's ARN with a dash and six characters of its own.
    return Grant([scope.names.arn("secretsmanager", f"secret:{scope.names.secret(scope.slot)}-??????")])


def _described(scope: Scope) -> Grant:
    return Grant(EVERYTHING, {"StringEquals": {"aws:RequestedRegion": scope.names.region}})


def _attached(scope: Scope) -> Grant:
    """Both the volume and the instance have to be the slot's."""
    return Grant([scope.names.arn("ec2", "volume/*"), scope.names.arn("ec2", "instance/*")], _own(scope))


def _named(scope: Scope) -> Grant:
    key = "route53:ChangeResourceRecordSets"
    allowed = {
        f"{key}NormalizedRecordNames": [scope.names.host(scope.slot)],
        f"{key}RecordTypes": ["A"],
        f"{key}Actions": ["UPSERT"],
    }
    # All values of none are allowed: that there are some is asked as well.
    return Grant([scope.zone_arn], {"ForAllValues:StringEquals": allowed, "Null": dict.fromkeys(allowed, "false")})


def _own_group(scope: Scope) -> Grant:
    return Grant([_group(scope.names, scope.names.member(scope.slot))], _own(scope))


def _any_group(scope: Scope) -> Grant:
    """Those of peers, too: the hooks of instances that are dead already are completed by others."""
    return Grant([_group(scope.names, f"{scope.names.shared}-*")], _tagged({CLUSTER_TAG: scope.names.cluster}))


def _group(names: Ec2Names, name: str) -> str:
    return names.arn("autoscaling", f"autoScalingGroup:*:autoScalingGroupName/{name}")


def _of_account(scope: Scope) -> Conditions:
    """A bucket's name says nothing of whose it is."""
    return {"StringEquals": {"aws:ResourceAccount": scope.names.account}}


def _own(scope: Scope) -> Conditions:
    return _tagged({CLUSTER_TAG: scope.names.cluster, SLOT_TAG: scope.slot})


def _tagged(tags: Mapping[str, str]) -> Conditions:
    return {"StringEquals": {f"aws:ResourceTag/{key}": value for key, value in tags.items()}}


GRANTS: Mapping[str, Callable[[Scope], Grant]] = {
    "s3:GetObject": _read,
    "s3:ListBucket": _list,
    "s3:PutObject": _write,
    "secretsmanager:GetSecretValue": _secret,
    "ec2:DescribeVolumes": _described,
    "ec2:DescribeInstances": _described,
    "ec2:AttachVolume": _attached,
    "ec2:DetachVolume": _attached,
    "route53:ChangeResourceRecordSets": _named,
    "autoscaling:DescribeAutoScalingGroups": _described,
    "autoscaling:DescribeAutoScalingInstances": _described,
    "autoscaling:TerminateInstanceInAutoScalingGroup": _own_group,
    "autoscaling:RecordLifecycleActionHeartbeat": _any_group,
    "autoscaling:CompleteLifecycleAction": _any_group,
}
"""By action."""


def _via(scope: Scope, *services: str) -> dict[str, Any]:
    return {"kms:ViaService": [f"{service}.{scope.names.region}.amazonaws.com" for service in services]}


def _decrypted(scope: Scope) -> Grant:
    return Grant([scope.key_arn], {"StringEquals": _via(scope, "s3", "secretsmanager")})


def _encrypted(scope: Scope) -> Grant:
    return Grant([scope.key_arn], {"StringEquals": _via(scope, "s3")})


def _granted(scope: Scope) -> Grant:
    conditions = {"StringEquals": _via(scope, "ec2"), "Bool": {"kms:GrantIsForAWSResource": "true"}}
    return Grant([scope.key_arn], conditions)


BY_AWS: Mapping[str, tuple[Callable[[Scope], Grant], str]] = {
    "kms:Decrypt": (_decrypted, "S3 and Secrets Manager read objects and the secret"),
    "kms:GenerateDataKey": (_encrypted, "S3 writes objects"),
    "kms:CreateGrant": (_granted, "EC2 attaches the encrypted volume"),
}
"""What AWS does in the role's name, and the member never asks for: by action, with the reason."""
SESSIONS: Mapping[str, str] = {
    "ssm:UpdateInstanceInformation": "the machine is listed by Systems Manager",
    "ssmmessages:CreateControlChannel": "sessions are asked for",
    "ssmmessages:CreateDataChannel": "sessions are held",
    "ssmmessages:OpenControlChannel": "sessions are asked for",
    "ssmmessages:OpenDataChannel": "sessions are held",
}
"""What the agent of Systems Manager does in the role's name: the least with which sessions work."""


def member(scope: Scope, *, sessions: bool) -> Json:
    """The policy of a member's role.

    Args:
        scope: whose it is.
        sessions: whether operators may open sessions through Systems Manager.
    """
    wanted = [(call.action, GRANTS[call.action](scope)) for call in CALLS]
    wanted += [(action, grant(scope)) for action, (grant, _) in BY_AWS.items()]
    if sessions:
        wanted += [(action, _described(scope)) for action in SESSIONS]
    return document(_statements(wanted))


def trust() -> Json:
    """Who may take a member's role: instances."""
    allowed = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": ["sts:AssumeRole"]}
    return document([{"Sid": "Instances", **allowed}])


def _statements(wanted: list[tuple[str, Grant]]) -> Iterator[dict[str, Any]]:
    """One statement for all actions of a service that have the same grant."""
    left = list(wanted)
    while left:
        action, grant = left[0]
        service = action.split(":")[0]
        same = [each for each in left if each[0].startswith(f"{service}:") and each[1] == grant]
        yield statement(_title(action), [each for each, _ in same], grant)
        left = [each for each in left if each not in same]


def _title(action: str) -> str:
    service, operation = action.split(":")
    return f"{service.capitalize()}{operation}"
