"""What an emulated AWS has of every slot of the cluster `orders`, whatever the stack says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tests.components.ec2 import REGION
from tests.engine.aws_stack import Ec2Stack, tags

Parts = dict[str, str]
"""By kind: what tells one from another of the same name."""
KINDS = {
    "group", "instance", "volume", "template", "role", "profile", "secret",
    "group-empty", "instance-failed", "volume-stalled", "volume-slow",
}  # fmt: skip
"""Everything that a slot has, its alarms among them."""
_ALARMS = tuple(sorted(kind for kind in KINDS if "-" in kind))


def parts(stack: Ec2Stack) -> dict[str, Parts]:
    """By slot."""
    found: defaultdict[str, Parts] = defaultdict(dict)
    for slot, kind, identity in (*_on_ec2(stack), *_identities(stack), *_alarms(stack)):
        found[slot][kind] = identity
    return dict(found)


def _on_ec2(stack: Ec2Stack) -> Iterator[tuple[str, str, str]]:
    for group in stack.server.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]:
        yield group["AutoScalingGroupName"].removeprefix("etcd-orders-"), "group", group["AutoScalingGroupARN"]
    for slot, instance in stack.instances().items():
        yield slot, "instance", instance
    for volume in stack.tagged("volumes"):
        if "etcd-volume" in tags(volume):
            yield tags(volume)["etcd-slot"], "volume", volume["VolumeId"]
    for template in stack.tagged("launch_templates"):
        yield tags(template)["etcd-slot"], "template", template["LaunchTemplateId"]


def _identities(stack: Ec2Stack) -> Iterator[tuple[str, str, str]]:
    iam, begin = stack.server.client("iam"), f"etcd-orders-{REGION}-"
    for role in iam.list_roles(PathPrefix="/etcd/orders/")["Roles"]:
        yield role["RoleName"].removeprefix(begin), "role", role["RoleId"]
    for profile in iam.list_instance_profiles(PathPrefix="/etcd/orders/")["InstanceProfiles"]:
        yield profile["InstanceProfileName"].removeprefix(begin), "profile", profile["InstanceProfileId"]
    for secret in stack.server.client("secretsmanager").list_secrets()["SecretList"]:
        yield secret["Name"].removeprefix("etcd/orders/"), "secret", secret["ARN"]


def _alarms(stack: Ec2Stack) -> Iterator[tuple[str, str, str]]:
    for alarm in stack.server.client("cloudwatch").describe_alarms()["MetricAlarms"]:
        name = alarm["AlarmName"].removeprefix("etcd-orders-")
        for kind in _ALARMS:
            if name.endswith(f"-{kind}"):
                yield name.removesuffix(f"-{kind}"), kind, alarm["AlarmArn"]
