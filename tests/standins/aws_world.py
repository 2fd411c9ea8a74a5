"""What the resources of a test refer to, made in an emulated AWS by boto3."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.servers.aws import AwsServer
from tests.standins.aws_session import REGION


def make(aws: AwsServer, folder: Path) -> dict[str, str]:
    """Makes it; the IDs, names or ARNs, by the name that the cases use."""
    network = _network(aws.client("ec2"))
    return {**network, **_keeping(aws), **_files(folder), **_machine(aws), **_balancing(aws, network)}


def _network(ec2: Any) -> dict[str, str]:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}a")["Subnet"]
        for number in (16, 17)
    ]
    return {
        "vpc": vpc,
        "subnet": subnets[0]["SubnetId"],
        "subnet2": subnets[1]["SubnetId"],
        "table": ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"],
        "group": ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"],
    }


def _keeping(aws: AwsServer) -> dict[str, str]:
    aws.client("s3").create_bucket(Bucket="etcd-orders", CreateBucketConfiguration={"LocationConstraint": REGION})
    keys = [aws.client("kms").create_key()["KeyMetadata"] for _ in range(2)]
    secret = aws.client("secretsmanager").create_secret(Name="etcd/orders/a-1")["ARN"]
    return {
        "bucket": "etcd-orders",
        "key": keys[0]["Arn"],
        "key_id": keys[0]["KeyId"],
        "key2": keys[1]["KeyId"],
        "secret": secret,
    }


def _files(folder: Path) -> dict[str, str]:
    for name in ("file", "file2"):
        (folder / name).write_text(name)
    return {name: str(folder / name) for name in ("file", "file2")}


def _machine(aws: AwsServer) -> dict[str, str]:
    iam, ec2 = aws.client("iam"), aws.client("ec2")
    nothing = json.dumps({"Version": "2012-10-17", "Statement": []})
    iam.create_role(RoleName="member", AssumeRolePolicyDocument=nothing)
    profile = iam.create_instance_profile(InstanceProfileName="member")["InstanceProfile"]["Arn"]
    data = {"ImageId": "ami-12c6146b", "InstanceType": "m5.large"}
    template = ec2.create_launch_template(LaunchTemplateName="member", LaunchTemplateData=data)
    identity = template["LaunchTemplate"]["LaunchTemplateId"]
    ec2.create_launch_template_version(LaunchTemplateId=identity, LaunchTemplateData=data)
    return {"role": "member", "profile": profile, "template": identity}


def _balancing(aws: AwsServer, network: dict[str, str]) -> dict[str, str]:
    service, vpc = aws.client("elbv2"), network["vpc"]
    made = service.create_load_balancer(
        Name="etcd", Type="network", Scheme="internal", Subnets=[network["subnet"], network["subnet2"]]
    )["LoadBalancers"][0]
    targets = service.create_target_group(Name="etcd", Protocol="TCP", Port=2379, VpcId=vpc)["TargetGroups"][0]
    zone = aws.client("route53").create_hosted_zone(
        Name="orders.etcd.internal",
        CallerReference="1",
        HostedZoneConfig={"PrivateZone": True},
        VPC={"VPCId": vpc, "VPCRegion": REGION},
    )
    return {
        "balancer": made["LoadBalancerArn"],
        "balancer_name": made["DNSName"],
        "balancer_zone": made["CanonicalHostedZoneId"],
        "targets": targets["TargetGroupArn"],
        "zone": zone["HostedZone"]["Id"].rpartition("/")[2],
    }
