"""Which calls of AWS a member makes: the single source of what its role may do. Pure."""

from __future__ import annotations

from dataclasses import dataclass

_ACTIONS = {"s3:ListObjectsV2": "s3:ListBucket"}
"""IAM's name of a call where that is another one than the API's (Service Authorization Reference)."""


@dataclass(frozen=True, slots=True)
class Call:
    """One operation of one service."""

    service: str
    """As botocore and IAM call it."""
    operation: str
    """As the service's API calls it."""
    why: str

    @property
    def action(self) -> str:
        """What IAM calls it."""
        name = f"{self.service}:{self.operation}"
        return _ACTIONS.get(name, name)


CALLS: tuple[Call, ...] = (
    Call("s3", "GetObject", "read the channel, and fetch the programs of agent and etcd"),
    Call("s3", "ListObjectsV2", "find the statuses of all members, and tell a missing object from a forbidden one"),
    Call("s3", "PutObject", "publish the own status and log, hold the lock, keep the formation record"),
    Call("secretsmanager", "GetSecretValue", "take delivery of the own certificates and keys"),
    Call("ec2", "DescribeVolumes", "find the own data volume by its tags"),
    Call("ec2", "DescribeInstances", "see whether another instance that has the volume still runs"),
    Call("ec2", "AttachVolume", "take the own data volume"),
    Call("ec2", "DetachVolume", "take the own data volume from an instance that is gone"),
    Call("route53", "ChangeResourceRecordSets", "point the own name at the own address"),
    Call("autoscaling", "DescribeAutoScalingGroups", "see which instance the group of each slot has"),
    Call("autoscaling", "DescribeAutoScalingInstances", "see whether the own instance is being terminated"),
    Call("autoscaling", "TerminateInstanceInAutoScalingGroup", "have the own instance replaced"),
    Call("autoscaling", "RecordLifecycleActionHeartbeat", "hold a termination until it is safe"),
    Call("autoscaling", "CompleteLifecycleAction", "let a termination go on, of dead members, too"),
)
