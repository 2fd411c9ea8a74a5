"""The types of resources that there are."""

from __future__ import annotations

from collections.abc import Mapping

from tools.standins.aws.alarms import MetricAlarm
from tools.standins.aws.bucket_settings import (
    BucketEncryption,
    BucketLifecycle,
    BucketOwnershipControls,
    BucketPolicy,
    BucketPublicAccessBlock,
    BucketVersioning,
)
from tools.standins.aws.buckets import Bucket, BucketObject
from tools.standins.aws.groups import Group
from tools.standins.aws.keys import Alias, Key
from tools.standins.aws.kind import Kind
from tools.standins.aws.launch_templates import LaunchTemplate
from tools.standins.aws.load_balancers import Listener, LoadBalancer
from tools.standins.aws.network import RouteTable, RouteTableAssociation, Subnet, Vpc, VpcEndpoint
from tools.standins.aws.roles import InstanceProfile, Role, RolePolicy
from tools.standins.aws.secret_values import Secret, SecretVersion
from tools.standins.aws.security_groups import (
    DefaultSecurityGroup,
    SecurityGroup,
    SecurityGroupEgressRule,
    SecurityGroupIngressRule,
)
from tools.standins.aws.target_groups import TargetGroup
from tools.standins.aws.volumes import Volume
from tools.standins.aws.zones import Record, Zone

KINDS: Mapping[str, Kind] = {
    "aws:autoscaling/group:Group": Group(),
    "aws:cloudwatch/metricAlarm:MetricAlarm": MetricAlarm(),
    "aws:ebs/volume:Volume": Volume(),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": DefaultSecurityGroup(),
    "aws:ec2/launchTemplate:LaunchTemplate": LaunchTemplate(),
    "aws:ec2/routeTable:RouteTable": RouteTable(),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": RouteTableAssociation(),
    "aws:ec2/securityGroup:SecurityGroup": SecurityGroup(),
    "aws:ec2/subnet:Subnet": Subnet(),
    "aws:ec2/vpc:Vpc": Vpc(),
    "aws:ec2/vpcEndpoint:VpcEndpoint": VpcEndpoint(),
    "aws:iam/instanceProfile:InstanceProfile": InstanceProfile(),
    "aws:iam/role:Role": Role(),
    "aws:iam/rolePolicy:RolePolicy": RolePolicy(),
    "aws:kms/alias:Alias": Alias(),
    "aws:kms/key:Key": Key(),
    "aws:lb/listener:Listener": Listener(),
    "aws:lb/loadBalancer:LoadBalancer": LoadBalancer(),
    "aws:lb/targetGroup:TargetGroup": TargetGroup(),
    "aws:route53/record:Record": Record(),
    "aws:route53/zone:Zone": Zone(),
    "aws:s3/bucket:Bucket": Bucket(),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": BucketLifecycle(),
    "aws:s3/bucketObjectv2:BucketObjectv2": BucketObject(),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": BucketOwnershipControls(),
    "aws:s3/bucketPolicy:BucketPolicy": BucketPolicy(),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": BucketPublicAccessBlock(),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": BucketEncryption(),
    "aws:s3/bucketVersioning:BucketVersioning": BucketVersioning(),
    "aws:secretsmanager/secret:Secret": Secret(),
    "aws:secretsmanager/secretVersion:SecretVersion": SecretVersion(),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": SecurityGroupEgressRule(),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": SecurityGroupIngressRule(),
}
"""By the type's token."""
