"""What the resources of a cluster on AWS are called, how long that may be, and their tags and ARNs: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from etcd_ops.model.problems import Problem
from etcd_ops.model.tags import CLUSTER_TAG, ENVIRONMENT_TAG, SLOT_TAG
from etcd_ops.model.topology import Named

HOOK = "etcd-termination"
CHANNEL, ARTIFACTS = "channel/", "artifacts/"
"""Begin the keys of the bucket's objects."""
LONGEST_ROLE = 64
"""Characters (IAM User Guide, "IAM and AWS STS quotas")."""
LONGEST_LOAD_BALANCER = 32
"""Characters (Elastic Load Balancing API reference, CreateLoadBalancer and CreateTargetGroup)."""
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Ec2Names:
    """The names of one cluster's resources."""

    cluster: str
    region: str
    account: str
    environment: str
    private_zone: str
    bucket: str
    own_tags: Mapping[str, str] = field(default_factory=dict)
    """The user's."""

    def member(self, slot: str) -> str:
        """A slot's group, launch template and volume, and the name of each of its resources begins with it."""
        return f"etcd-{self.cluster}-{slot}"

    def role(self, slot: str) -> str:
        """A slot's role and instance profile: of the whole account, not of a region."""
        return f"etcd-{self.cluster}-{self.region}-{slot}"

    def secret(self, slot: str) -> str:
        """A slot's certificates and keys."""
        return f"etcd/{self.cluster}/{slot}"

    def host(self, slot: str) -> str:
        """A member's name in the private zone."""
        return f"{slot}.{self.private_zone}"

    @property
    def shared(self) -> str:
        """What members have in common: the key's alias, security groups, load balancer."""
        return f"etcd-{self.cluster}"

    @property
    def role_path(self) -> str:
        """Of this cluster's roles, and of no other's."""
        return f"/etcd/{self.cluster}/"

    @property
    def addressing(self) -> Named:
        """The members' host names."""
        return Named("", f".{self.private_zone}")

    @property
    def partition(self) -> str:
        """The part of AWS that the region is in."""
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"

    def tags(self, name: str, slot: str = "", more: Mapping[str, str] = NOTHING) -> dict[str, str]:
        """Tags of one resource.

        Args:
            name: what it is called.
            slot: whose it is; empty where it is everybody's.
            more: further tags.
        """
        return {**self.own_tags, **self.few_tags(name), **({SLOT_TAG: slot} if slot else {}), **more}

    def few_tags(self, name: str) -> dict[str, str]:
        """Tags of what takes no more than ten, as objects of S3 and zones of Route 53: none are the user's.

        Args:
            name: what it is called.
        """
        return {"Name": name, CLUSTER_TAG: self.cluster, ENVIRONMENT_TAG: self.environment}

    def arn(self, service: str, resource: str) -> str:
        """ARN of a resource of this region and account."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def role_arn(self, name: str) -> str:
        """ARN of one of this cluster's roles; patterns are allowed."""
        return f"arn:{self.partition}:iam::{self.account}:role{self.role_path}{name}"

    @property
    def bucket_arn(self) -> str:
        """ARN of the bucket."""
        return f"arn:{self.partition}:s3:::{self.bucket}"


def too_long(names: Ec2Names, slots: Mapping[str, str], load_balancer: bool) -> Iterator[Problem]:
    """Problems with names that follow from the cluster's and the slots'.

    Args:
        names: the cluster's.
        slots: the zone of every slot.
        load_balancer: whether there is one.
    """
    longest = max(slots, key=len, default="")
    role = names.role(longest)
    if len(role) > LONGEST_ROLE:
        reason = f"the role {role} would have more than {LONGEST_ROLE} characters"
        yield Problem("the resource's name", reason, "give the cluster, or its slots, shorter names")
    if load_balancer and len(names.shared) > LONGEST_LOAD_BALANCER:
        reason = f"the load balancer {names.shared} would have more than {LONGEST_LOAD_BALANCER} characters"
        yield Problem("the resource's name", reason, "give the cluster a shorter name")
