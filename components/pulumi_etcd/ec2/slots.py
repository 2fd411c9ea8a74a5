"""What belongs to one member: its role, its secret, its volume, its launch template and its group. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from etcd_ops.model.root_volumes import ROOT_BYTES
from etcd_ops.model.tags import DATA, TEMPLATE_TAG, VOLUME_TAG
from etcd_ops.model.topology import Slot
from pulumi_etcd.ec2 import iam
from pulumi_etcd.ec2.alarms import GROUP_METRICS
from pulumi_etcd.ec2.iam import Scope
from pulumi_etcd.ec2.machine import Fleet, configuration, template_digest, zone_name
from pulumi_etcd.ec2.machines import GIB, Volumes
from pulumi_etcd.ec2.naming import HOOK, Ec2Names
from pulumi_etcd.ec2.planned import Credentials, Planned, Properties, Ref, UserData, Version
from pulumi_etcd.ec2.security_groups import members_group

HOOK_SECONDS = 1800
"""For how long a termination waits for the agent's or a peer's word; agents extend it by their heartbeats."""
BOOT_SECONDS = 300
"""For which a new instance is not asked for its health."""


KEPT = ("availabilityZone", "encrypted", "kmsKeyId")
"""Properties of a data volume that AWS never changes in place: the plugin would make an empty one instead, and delete
the one with the data."""


@dataclass(frozen=True, slots=True)
class Members:
    """What the members of one cluster have in common."""

    fleet: Fleet
    volumes: Volumes
    key_arn: Any
    sessions: bool
    boundary: str
    """ARN of the policy that bounds their roles; empty for none."""
    target_groups: Sequence[Any]
    protect: bool
    """Whether the engine refuses to delete their volumes."""

    @property
    def names(self) -> Ec2Names:
        """What their resources are called."""
        return self.fleet.names


def part(names: Ec2Names, slot: str, what: str) -> str:
    """Name of one of a slot's resources."""
    return f"{names.cluster}-{slot}-{what}"


def beside(members: Members, slot: Slot) -> list[Planned]:
    """What has to be there before a slot's group.

    Args:
        members: what they have in common.
        slot: the member.
    """
    return [*_identity(members, slot), *_secret(members, slot), volume(members, slot), _launch_template(members, slot)]


def _identity(members: Members, slot: Slot) -> list[Planned]:
    names = members.names
    called, role = names.role(slot.name), part(names, slot.name, "role")
    tags = names.tags(called, slot.name)
    optional = {"permissionsBoundary": members.boundary} if members.boundary else {}
    scope = Scope(names, slot.name, members.key_arn, Ref(zone_name(names), "arn"))
    return [
        Planned(
            name=role,
            kind="aws:iam/role:Role",
            properties={
                "name": called,
                "path": names.role_path,
                "description": f"etcd cluster {names.cluster}: member {slot.name}",
                "assumeRolePolicy": iam.trust(),
                "tags": tags,
                **optional,
            },
        ),
        Planned(
            name=part(names, slot.name, "role-policy"),
            kind="aws:iam/rolePolicy:RolePolicy",
            properties={
                "name": "member",
                "role": Ref(role, "name"),
                "policy": iam.member(scope, sessions=members.sessions),
            },
        ),
        Planned(
            name=part(names, slot.name, "profile"),
            kind="aws:iam/instanceProfile:InstanceProfile",
            properties={"name": called, "path": names.role_path, "role": Ref(role, "name"), "tags": tags},
        ),
    ]


def _secret(members: Members, slot: Slot) -> list[Planned]:
    names, secret = members.names, part(members.names, slot.name, "secret")
    return [
        Planned(
            name=secret,
            kind="aws:secretsmanager/secret:Secret",
            properties={
                "name": names.secret(slot.name),
                "description": f"etcd cluster {names.cluster}: certificates and keys of member {slot.name}",
                "kmsKeyId": members.key_arn,
                # Its content is in the stack: a slot that comes back gets another secret of this name at once.
                "recoveryWindowInDays": 0,
                "tags": names.tags(names.secret(slot.name), slot.name),
            },
        ),
        Planned(
            name=part(names, slot.name, "secret-version"),
            kind="aws:secretsmanager/secretVersion:SecretVersion",
            properties={"secretId": Ref(secret), "secretString": Credentials(slot.name)},
            secret=("secretString",),
        ),
    ]


def volume(members: Members, slot: Slot) -> Planned:
    """A member's data volume, which outlives its instances."""
    names, volumes = members.names, members.volumes
    return Planned(
        name=part(names, slot.name, "volume"),
        kind="aws:ebs/volume:Volume",
        properties={
            "availabilityZone": slot.zone,
            "type": "gp3",
            "size": volumes.gib,
            "iops": volumes.iops,
            "throughput": volumes.throughput,
            "encrypted": True,
            "kmsKeyId": members.key_arn,
            "tags": names.tags(names.member(slot.name), slot.name, {VOLUME_TAG: DATA}),
        },
        protect=members.protect,
        kept=KEPT,
    )


def _launch_template(members: Members, slot: Slot) -> Planned:
    names, machines = members.names, members.fleet.machines
    called = names.member(slot.name)
    tags = names.tags(called, slot.name)
    # Nothing of the root volume says whose it is: whoever looks for the slot's volume finds one.
    tagged = {"instance": tags, "network-interface": tags, "volume": names.tags(f"{called}-root")}
    root = {
        "encrypted": "true",
        "kmsKeyId": members.key_arn,
        "volumeType": "gp3",
        "volumeSize": ROOT_BYTES // GIB,
        "deleteOnTermination": "true",
    }
    interface = {
        "deviceIndex": 0,
        "associatePublicIpAddress": "false",
        "deleteOnTermination": "true",
        "securityGroups": [Ref(members_group(names))],
    }
    return Planned(
        name=part(names, slot.name, "template"),
        kind="aws:ec2/launchTemplate:LaunchTemplate",
        properties={
            "name": called,
            "imageId": machines.image,
            "instanceType": machines.instance_type,
            "ebsOptimized": "true",
            "iamInstanceProfile": {"arn": Ref(part(names, slot.name, "profile"), "arn")},
            "metadataOptions": METADATA,
            "monitoring": {"enabled": True},
            "networkInterfaces": [interface],
            "blockDeviceMappings": [{"deviceName": machines.root_device, "ebs": root}],
            "tagSpecifications": [{"resourceType": kind, "tags": each} for kind, each in tagged.items()],
            "updateDefaultVersion": True,
            "userData": UserData(configuration(members.fleet, slot)),
            "tags": tags,
        },
    )


METADATA: Properties = {
    "httpEndpoint": "enabled",
    "httpTokens": "required",
    "httpPutResponseHopLimit": 1,
    "httpProtocolIpv6": "disabled",
    "instanceMetadataTags": "disabled",
}
"""IMDSv2 only, and not from within containers.

Nothing on a machine reads its tags there, and with them EC2 starts no instance that has a tag with a space or a slash
in its key (EC2 User Guide, "View tags for your EC2 instances using instance metadata")."""


def group(members: Members, slot: Slot, subnet: Any, after: Sequence[str]) -> Planned:
    """A slot's group of exactly one instance: AWS replaces one that is dead, and nothing but agents one that is not.

    Args:
        members: what they have in common.
        slot: the member.
        subnet: ID of the subnet that it is in.
        after: names of the resources that an instance needs.
    """
    names, template = members.names, part(members.names, slot.name, "template")
    kind = {TEMPLATE_TAG: template_digest(members.fleet, slot)}
    tags = names.tags(names.member(slot.name), slot.name, kind)
    hook = {
        "name": HOOK,
        "lifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
        "heartbeatTimeout": HOOK_SECONDS,
        "defaultResult": "CONTINUE",
    }
    balanced = {"targetGroupArns": list(members.target_groups)} if members.target_groups else {}
    return Planned(
        name=part(names, slot.name, "group"),
        kind="aws:autoscaling/group:Group",
        properties={
            "name": names.member(slot.name),
            "minSize": 1,
            "maxSize": 1,
            "desiredCapacity": 1,
            "vpcZoneIdentifiers": [subnet],
            "launchTemplate": {"id": Ref(template), "version": Version(template)},
            # A load balancer's opinion never terminates a member.
            "healthCheckType": "EC2",
            "healthCheckGracePeriod": BOOT_SECONDS,
            "initialLifecycleHooks": [hook],
            # The old instance lets go of the volume before there is another one.
            "instanceMaintenancePolicy": {"minHealthyPercentage": 0, "maxHealthyPercentage": 100},
            "enabledMetrics": GROUP_METRICS,
            "metricsGranularity": "1Minute",
            # The rollout waits for members; an instance by itself says nothing.
            "waitForCapacityTimeout": "0",
            "tags": [{"key": key, "value": value, "propagateAtLaunch": False} for key, value in sorted(tags.items())],
            **balanced,
        },
        after=after,
    )
