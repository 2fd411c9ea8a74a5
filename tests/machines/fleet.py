"""What is declared of a cluster for AWS: per slot a group of one with its template, its role and its volume."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from etcd_ops.model.tags import TEMPLATE_TAG
from pulumi_etcd.ec2.naming import HOOK
from pulumi_etcd.ec2.plan import ABSENT_TTL
from tests.machines.api import Aws
from tests.machines.cloud.settings import ACCOUNT, REGION

HOOK_SECONDS = 600
VOLUME_GIB = 8
"""Of files that take only what is written to them."""
INSTANCE_TYPE, ROOT_DEVICE = "m6i.large", "/dev/xvda"
_DATA = {"Key": "etcd-volume", "Value": "data"}
"""On volumes with etcd's data, and on no others."""
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}


@dataclass
class Fleet:
    """Objects of one cluster, named as its component names them.

    Attributes:
        aws: where they are.
        cluster: its name.
        zone: the private zone of its names.
        bucket: of its channel and artifacts.
        zone_id: of the hosted zone.
        subnets: by zone of the slots: `a` is the region's first.
        image: what instances boot.
    """

    aws: Aws
    cluster: str = "orders"
    zone: str = "orders.etcd.internal"
    bucket: str = f"etcd-orders-{ACCOUNT}-{REGION}"
    zone_id: str = ""
    image: str = ""
    subnets: dict[str, str] = field(default_factory=dict)

    def make_shared(self, zones: tuple[str, ...] = ("a", "b", "c")) -> None:
        """What all members share: network, names, bucket."""
        vpc = self.aws.ec2.create_vpc(CidrBlock="10.97.0.0/16")["Vpc"]["VpcId"]
        for number, zone in enumerate(zones, start=1):
            made = self.aws.ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"10.97.{number}.0/24", AvailabilityZone=f"{REGION}{zone}"
            )
            self.subnets[zone] = made["Subnet"]["SubnetId"]
        place = {"VPCRegion": REGION, "VPCId": vpc}
        made = self.aws.route53.create_hosted_zone(Name=self.zone, CallerReference=self.cluster, VPC=place)
        self.zone_id = made["HostedZone"]["Id"].rpartition("/")[2]
        self._forget_absent_names_soon()
        self.aws.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        versioned = {"Status": "Enabled"}
        self.aws.s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration=versioned)
        self.image = self.new_image("first")

    def _forget_absent_names_soon(self) -> None:
        """As the component has it: members ask for each other's names before all are written."""
        told = f"ns.{self.zone}. hostmaster.{self.zone}. 1 7200 900 1209600 {ABSENT_TTL}"
        sooner = {"Name": self.zone, "Type": "SOA", "TTL": ABSENT_TTL, "ResourceRecords": [{"Value": told}]}
        changes = [{"Action": "UPSERT", "ResourceRecordSet": sooner}]
        self.aws.route53.change_resource_record_sets(HostedZoneId=self.zone_id, ChangeBatch={"Changes": changes})

    def new_image(self, name: str) -> str:
        """The ID of another image; all of them are the same Debian."""
        return str(self.aws.ec2.register_image(Name=name, RootDeviceName=ROOT_DEVICE)["ImageId"])

    def group(self, slot: str) -> str:
        """The name of a slot's group, template, role and profile."""
        return f"etcd-{self.cluster}-{slot}"

    def tags(self, slot: str) -> list[dict[str, str]]:
        """What everything of a slot is tagged with."""
        return [{"Key": "etcd-cluster", "Value": self.cluster}, {"Key": "etcd-slot", "Value": slot}]

    def make_slot(self, slot: str, user_data: str, template: str = "") -> None:
        """A slot's objects; its instance is launched with the last of them. `template` is what the group's tag says."""
        self._make_role(slot)
        self.make_volume(slot)
        self.aws.ec2.create_launch_template(
            LaunchTemplateName=self.group(slot), LaunchTemplateData=self._template(slot, user_data)
        )
        self._make_group(slot, template)

    def change_template(self, slot: str, user_data: str, template: str) -> None:
        """Another version of a slot's template, which its next instance is launched with."""
        name = self.group(slot)
        self.aws.ec2.create_launch_template_version(
            LaunchTemplateName=name, LaunchTemplateData=self._template(slot, user_data)
        )
        told = {"ResourceId": name, "ResourceType": "auto-scaling-group", "PropagateAtLaunch": True}
        self.aws.autoscaling.create_or_update_tags(Tags=[{**told, "Key": TEMPLATE_TAG, "Value": template}])

    def make_volume(self, slot: str) -> str:
        """The ID of a new data volume of a slot."""
        made = self.aws.ec2.create_volume(
            AvailabilityZone=f"{REGION}{slot[0]}",
            Size=VOLUME_GIB,
            VolumeType="gp3",
            Encrypted=True,
            TagSpecifications=[{"ResourceType": "volume", "Tags": [*self.tags(slot), _DATA]}],
        )
        return str(made["VolumeId"])

    def volumes(self, slot: str) -> list[dict[str, Any]]:
        """A slot's data volumes, as EC2 describes them."""
        wanted = [{"Name": f"tag:{tag['Key']}", "Values": [tag["Value"]]} for tag in [*self.tags(slot), _DATA]]
        found: list[dict[str, Any]] = self.aws.ec2.describe_volumes(Filters=wanted)["Volumes"]
        return found

    def instances(self, slot: str) -> list[dict[str, Any]]:
        """The instances of a slot's group, as Auto Scaling describes them."""
        name = self.group(slot)
        (group,) = self.aws.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        found: list[dict[str, Any]] = group["Instances"]
        return found

    def put_record(self, name: str, address: str, seconds: int = 5) -> None:
        """Lead a name of the private zone to an address, as members do themselves."""
        record = {"Name": name, "Type": "A", "TTL": seconds, "ResourceRecords": [{"Value": address}]}
        change = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
        self.aws.route53.change_resource_record_sets(HostedZoneId=self.zone_id, ChangeBatch=change)

    def _make_role(self, slot: str) -> None:
        name = self.group(slot)
        path = f"/etcd/{self.cluster}/"
        self.aws.iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(_TRUST))
        self.aws.iam.create_instance_profile(InstanceProfileName=name)
        self.aws.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)

    def _template(self, slot: str, user_data: str) -> dict[str, Any]:
        return {
            "ImageId": self.image,
            "InstanceType": INSTANCE_TYPE,
            "UserData": base64.b64encode(user_data.encode()).decode(),
            "IamInstanceProfile": {"Name": self.group(slot)},
            "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
            "TagSpecifications": [{"ResourceType": "instance", "Tags": self.tags(slot)}],
        }

    def _make_group(self, slot: str, template: str) -> None:
        name = self.group(slot)
        self.aws.autoscaling.create_auto_scaling_group(
            AutoScalingGroupName=name,
            LaunchTemplate={"LaunchTemplateName": name, "Version": "$Latest"},
            MinSize=1,
            MaxSize=1,
            DesiredCapacity=1,
            VPCZoneIdentifier=self.subnets[slot[0]],
            Tags=[{**tag, "PropagateAtLaunch": True} for tag in [*self.tags(slot), _tag(template)]],
        )
        self.aws.autoscaling.put_lifecycle_hook(
            LifecycleHookName=HOOK,
            AutoScalingGroupName=name,
            LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
            HeartbeatTimeout=HOOK_SECONDS,
            DefaultResult="CONTINUE",
        )


def _tag(template: str) -> dict[str, str]:
    return {"Key": TEMPLATE_TAG, "Value": template}
