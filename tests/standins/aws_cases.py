"""For every type of the stand-in of the plugin aws: what is declared, and how it then changes in place.

`$name` stands for what the fixture `world` has made.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.standins.values import SIGNATURE

TAGS = {"etcd-cluster": "orders", "Name": "orders"}
OTHER_TAGS = {"etcd-cluster": "orders", "owner": "platform"}
ASSET = "c44067f5952c0a294b673a41bacd8c17"  # github.com/pulumi/pulumi, sdk/go/common/resource/sig


@dataclass(frozen=True)
class Case:
    inputs: dict[str, Any]
    changes: dict[str, Any] = field(default_factory=dict)
    """Inputs that an update changes in place."""
    fixed: dict[str, Any] = field(default_factory=dict)
    """One input whose change replaces the resource."""
    stays: bool = False
    """Whether it is still there when it was deleted."""


def document(*actions: str, **more: Any) -> str:
    """A policy, with blanks that AWS does not keep."""
    statement = {"Effect": "Allow", "Action": list(actions), **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=1)


def asset(path: Path | str, digest: str) -> dict[str, str]:
    """A file as it is on the wire."""
    return {SIGNATURE: ASSET, "hash": digest, "path": str(path)}


_ASSUMED = document("sts:AssumeRole", Principal={"Service": "ec2.amazonaws.com"})
_KEY = document("kms:*", Principal={"AWS": "arn:aws:iam::123456789012:root"}, Resource="*")
_OTHER_KEY = document("kms:*", Principal={"AWS": "arn:aws:iam::123456789012:root"}, Resource=["*"])
_BUCKET = document("s3:GetObject", Principal="*", Resource="arn:aws:s3:::$bucket/*")
_TEMPLATE = {
    "name": "etcd-orders-a-1", "imageId": "ami-1", "instanceType": "m7g.large", "ebsOptimized": "true",
    "userData": "I2Nsb3VkLWNvbmZpZwo=", "iamInstanceProfile": {"arn": "$profile"},
    "metadataOptions": {
        "httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1,
        "instanceMetadataTags": "disabled", "httpProtocolIpv6": "disabled",
    },
    "networkInterfaces": [
        {
            "deviceIndex": 0, "associatePublicIpAddress": "false", "deleteOnTermination": "true",
            "securityGroups": ["$group"],
        }
    ],
    "blockDeviceMappings": [
        {
            "deviceName": "/dev/xvda",
            "ebs": {
                "encrypted": "true", "kmsKeyId": "$key", "volumeType": "gp3", "volumeSize": 8,
                "deleteOnTermination": "true",
            },
        }
    ],
    "monitoring": {"enabled": True}, "updateDefaultVersion": True,
    "tagSpecifications": [{"resourceType": "instance", "tags": {"etcd-slot": "a-1"}}], "tags": TAGS,
}  # fmt: skip
_GROUP = {
    "name": "etcd-orders-a-1", "minSize": 1, "maxSize": 1, "desiredCapacity": 1, "healthCheckType": "EC2",
    "healthCheckGracePeriod": 60, "vpcZoneIdentifiers": ["$subnet"],
    "launchTemplate": {"id": "$template", "version": "1"},
    "initialLifecycleHooks": [
        {
            "name": "etcd-termination", "lifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
            "heartbeatTimeout": 900, "defaultResult": "CONTINUE",
        }
    ],
    "instanceMaintenancePolicy": {"minHealthyPercentage": 0, "maxHealthyPercentage": 100},
    "enabledMetrics": ["GroupInServiceInstances"], "metricsGranularity": "1Minute", "waitForCapacityTimeout": "0",
    "tags": [{"key": "etcd-slot", "value": "a-1", "propagateAtLaunch": False}],
}  # fmt: skip
_RULE = {
    "securityGroupId": "$group", "ipProtocol": "tcp", "fromPort": 2379, "toPort": 2379,
    "description": "clients", "tags": TAGS,
}  # fmt: skip
_ALARM = {
    "name": "etcd-orders-burst", "alarmDescription": "the volume is throttled", "namespace": "AWS/EBS",
    "metricName": "VolumeQueueLength", "dimensions": {"VolumeId": "vol-1"}, "statistic": "Average", "period": 60,
    "evaluationPeriods": 5, "datapointsToAlarm": 4, "threshold": 1.5,
    "comparisonOperator": "GreaterThanThreshold", "treatMissingData": "missing",
    "alarmActions": ["arn:aws:sns:eu-central-1:123456789012:alarms"],
    "okActions": ["arn:aws:sns:eu-central-1:123456789012:alarms"], "tags": TAGS,
}  # fmt: skip
_TARGETS: dict[str, Any] = {
    "name": "etcd-orders", "port": 2379, "protocol": "TCP", "targetType": "instance", "vpcId": "$vpc",
    "targetHealthStates": [{"enableUnhealthyConnectionTermination": True}], "preserveClientIp": "true",
    "deregistrationDelay": 30, "connectionTermination": True,
    "healthCheck": {
        "enabled": True, "protocol": "HTTP", "port": "2383", "path": "/readyz", "matcher": "200", "interval": 10,
        "timeout": 6, "healthyThreshold": 2, "unhealthyThreshold": 2,
    },
    "tags": TAGS,
}  # fmt: skip
_LIFECYCLE = {
    "id": "old", "status": "Enabled", "filter": {"prefix": "channel/"},
    "noncurrentVersionExpiration": {"noncurrentDays": 30, "newerNoncurrentVersions": 5},
    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1},
}  # fmt: skip
_SWITCHES = {
    "blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True, "restrictPublicBuckets": False
}  # fmt: skip
_KMS = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "$key"}}

CASES: dict[str, Case] = {
    "aws:kms/key:Key": Case(
        {
            "description": "etcd", "enableKeyRotation": True, "rotationPeriodInDays": 365, "deletionWindowInDays": 7,
            "policy": _KEY, "tags": TAGS,
        },
        {"description": "etcd's", "rotationPeriodInDays": 180, "policy": _OTHER_KEY, "tags": OTHER_TAGS},
    ),
    "aws:kms/alias:Alias": Case(
        {"name": "alias/etcd", "targetKeyId": "$key_id"}, {"targetKeyId": "$key2"}, {"name": "alias/e"}
    ),
    "aws:s3/bucket:Bucket": Case(
        {"bucket": "etcd-another", "forceDestroy": False, "tags": TAGS}, {"forceDestroy": True, "tags": OTHER_TAGS},
        {"bucket": "etcd-third"},
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Case(
        {"bucket": "$bucket", "versioningConfiguration": {"status": "Enabled"}},
        {"versioningConfiguration": {"status": "Suspended"}}, {"bucket": "other"}, stays=True,
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Case(
        {"bucket": "$bucket", "rules": [{**_KMS, "bucketKeyEnabled": True}]},
        {"rules": [{**_KMS, "bucketKeyEnabled": False}]}, {"bucket": "other"},
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Case(
        {"bucket": "$bucket", **_SWITCHES}, {"restrictPublicBuckets": True}, {"bucket": "other"}
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": Case(
        {"bucket": "$bucket", "rule": {"objectOwnership": "BucketOwnerPreferred"}},
        {"rule": {"objectOwnership": "BucketOwnerEnforced"}}, {"bucket": "other"},
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Case(
        {"bucket": "$bucket", "policy": _BUCKET}, {"policy": _BUCKET.replace("GetObject", "PutObject")},
        {"bucket": "other"},
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Case(
        {"bucket": "$bucket", "rules": [_LIFECYCLE]}, {"rules": [{**_LIFECYCLE, "status": "Disabled"}]},
        {"bucket": "other"},
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": Case(
        {
            "bucket": "$bucket", "key": "artifacts/1", "source": asset("$file", "1"), "sourceHash": "1",
            "checksumAlgorithm": "SHA256", "tags": TAGS,
        },
        {"source": asset("$file2", "2"), "sourceHash": "2", "tags": OTHER_TAGS}, {"key": "artifacts/2"},
    ),
    "aws:route53/zone:Zone": Case(
        {"name": "p.etcd.internal", "comment": "etcd", "forceDestroy": True, "vpcs": [{"vpcId": "$vpc"}], "tags": TAGS},
        {"comment": "etcd's", "tags": OTHER_TAGS}, {"name": "q.etcd.internal"},
    ),
    "aws:route53/record:Record": Case(
        {
            "zoneId": "$zone", "name": "clients.orders.etcd.internal", "type": "A",
            "aliases": [{"name": "$balancer_name", "zoneId": "$balancer_zone", "evaluateTargetHealth": True}],
        },
        {"aliases": [{"name": "$balancer_name", "zoneId": "$balancer_zone", "evaluateTargetHealth": False}]},
        {"name": "other.orders.etcd.internal"},
    ),
    "aws:ec2/vpc:Vpc": Case(
        {"cidrBlock": "10.1.0.0/16", "enableDnsSupport": True, "enableDnsHostnames": True, "tags": TAGS},
        {"enableDnsHostnames": False, "tags": OTHER_TAGS}, {"cidrBlock": "10.2.0.0/16"},
    ),
    "aws:ec2/subnet:Subnet": Case(
        {
            "vpcId": "$vpc", "availabilityZone": "eu-central-1b", "cidrBlock": "10.0.1.0/24",
            "mapPublicIpOnLaunch": False, "tags": TAGS,
        },
        {"tags": OTHER_TAGS}, {"availabilityZone": "eu-central-1c"},
    ),
    "aws:ec2/routeTable:RouteTable": Case({"vpcId": "$vpc", "tags": TAGS}, {"tags": OTHER_TAGS}, {"vpcId": "other"}),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Case(
        {"subnetId": "$subnet", "routeTableId": "$table"}, fixed={"subnetId": "other"}
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Case(
        {
            "vpcId": "$vpc", "serviceName": "com.amazonaws.eu-central-1.s3", "vpcEndpointType": "Gateway",
            "routeTableIds": ["$table"], "policy": document("s3:*", Principal="*", Resource="*"), "tags": TAGS,
        },
        {"tags": OTHER_TAGS}, {"serviceName": "com.amazonaws.eu-central-1.dynamodb"},
    ),
    "aws:ec2/securityGroup:SecurityGroup": Case(
        {"name": "etcd-orders-members", "description": "members", "vpcId": "$vpc", "tags": TAGS},
        {"tags": OTHER_TAGS}, {"description": "all"},
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Case(
        {"vpcId": "$vpc", "tags": TAGS}, {"tags": OTHER_TAGS}, {"vpcId": "other"}, stays=True
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Case(
        {**_RULE, "cidrIpv4": "10.9.0.0/16"}, {"fromPort": 2380, "toPort": 2380, "tags": OTHER_TAGS},
        {"securityGroupId": "other"},
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Case(
        {**_RULE, "referencedSecurityGroupId": "$group"}, {"description": "peers", "tags": OTHER_TAGS},
        {"securityGroupId": "other"},
    ),
    "aws:iam/role:Role": Case(
        {
            "name": "etcd-orders-a-1", "path": "/etcd/orders/", "assumeRolePolicy": _ASSUMED, "description": "a-1",
            "maxSessionDuration": 3600, "permissionsBoundary": "arn:aws:iam::123456789012:policy/boundary",
            "tags": TAGS,
        },
        {"description": "member a-1", "tags": OTHER_TAGS}, {"path": "/"},
    ),
    "aws:iam/rolePolicy:RolePolicy": Case(
        {"name": "etcd", "role": "$role", "policy": document("s3:GetObject", Resource="*")},
        {"policy": document("s3:PutObject", Resource="*")}, {"role": "other"},
    ),
    "aws:iam/instanceProfile:InstanceProfile": Case(
        {"name": "etcd-orders-a-2", "path": "/etcd/orders/", "role": "$role", "tags": TAGS}, {"tags": OTHER_TAGS},
        {"path": "/"},
    ),
    "aws:secretsmanager/secret:Secret": Case(
        {
            "name": "etcd/orders/a-2", "description": "a-2", "kmsKeyId": "$key", "recoveryWindowInDays": 7,
            "tags": TAGS,
        },
        {"description": "of a-2", "tags": OTHER_TAGS}, {"name": "etcd/orders/a-3"},
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": Case(
        {"secretId": "$secret", "secretString": "hush"}, fixed={"secretString": "other"}, stays=True
    ),
    "aws:ebs/volume:Volume": Case(
        {
            "availabilityZone": "eu-central-1a", "size": 20, "type": "gp3", "iops": 3000, "throughput": 125,
            "encrypted": True, "kmsKeyId": "$key", "tags": TAGS,
        },
        {"size": 40, "iops": 6000, "throughput": 250, "tags": OTHER_TAGS}, {"availabilityZone": "eu-central-1b"},
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": Case(
        _TEMPLATE, {"imageId": "ami-2", "tags": OTHER_TAGS}, {"name": "other"}
    ),
    "aws:autoscaling/group:Group": Case(
        _GROUP,
        {
            "launchTemplate": {"id": "$template", "version": "2"}, "healthCheckGracePeriod": 90,
            "vpcZoneIdentifiers": ["$subnet2"], "enabledMetrics": ["GroupInServiceInstances", "GroupTotalInstances"],
            "targetGroupArns": ["$targets"],
            "tags": [{"key": "owner", "value": "platform", "propagateAtLaunch": False}],
        },
        {"name": "other"},
    ),
    "aws:lb/loadBalancer:LoadBalancer": Case(
        {
            "name": "etcd-orders-2", "internal": True, "loadBalancerType": "network", "subnets": ["$subnet"],
            "securityGroups": ["$group"], "dnsRecordClientRoutingPolicy": "availability_zone_affinity",
            "enableCrossZoneLoadBalancing": False, "enableDeletionProtection": False, "tags": TAGS,
        },
        {"enableCrossZoneLoadBalancing": True, "tags": OTHER_TAGS}, {"name": "other"},
    ),
    "aws:lb/targetGroup:TargetGroup": Case(
        _TARGETS,
        {
            "deregistrationDelay": 60, "tags": OTHER_TAGS,
            "targetHealthStates": [{"enableUnhealthyConnectionTermination": False}],
            "healthCheck": {**_TARGETS["healthCheck"], "interval": 30},
        },
        {"port": 2380},
    ),
    "aws:lb/listener:Listener": Case(
        {
            "loadBalancerArn": "$balancer", "port": 2379, "protocol": "TCP", "tags": TAGS,
            "defaultActions": [{"type": "forward", "targetGroupArn": "$targets"}],
        },
        {"port": 2390, "tags": OTHER_TAGS}, {"loadBalancerArn": "other"},
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Case(
        _ALARM, {"threshold": 2, "okActions": [], "tags": OTHER_TAGS}, {"name": "other"}
    ),
}  # fmt: skip
