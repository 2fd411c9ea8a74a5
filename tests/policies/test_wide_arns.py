"""ARNs that mean every resource of a kind, and those that name some."""

from __future__ import annotations

import pytest

from etcd_policies.aws.wide_arns import whole_kind

EC2 = "arn:aws:ec2:eu-central-1:123456789012:"
GROUPS = "arn:aws:autoscaling:*:*:autoScalingGroup:"
LOGS = "arn:aws:logs:*:*:log-group:"
BALANCERS = "arn:aws:elasticloadbalancing:*:*:loadbalancer/"


@pytest.mark.parametrize(
    "arn",
    [
        "*",
        "arn:aws:ec2:*",
        "arn:aws:*:*:*:*",
        f"{EC2}*",
        f"{EC2}*/*",
        f"{EC2}volume/*",
        f"{EC2}volume*",
        f"{EC2}volume/vol-*",
        f"{EC2}volume/vol-0*",
        f"{EC2}volume/vol-?????????????????",
        f"{EC2}instance/i-*",
        f"{GROUPS}*:autoScalingGroupName/*",
        f"{GROUPS}*",
        "arn:aws:autoscaling:*:*:scalingPolicy:*:autoScalingGroupName/*:policyName/*",
        f"{LOGS}*",
        f"{LOGS}*:*",
        f"{LOGS}*:log-stream:*",
        f"{BALANCERS}net/*/*",
        "arn:aws:kms:*:*:key/*",
        "arn:aws:kms:*:*:key/mrk-*",
        "arn:aws:kms:*:*:key/????????-????-????-????-????????????",
        "arn:aws:secretsmanager:*:*:secret:*-??????",
        "arn:aws:ssm:*:*:parameter/*",
        "arn:aws:s3:::*",
        "arn:aws:s3:::*/*",
        "arn:aws:s3:::?*/channel/*",
        "arn:aws:s3:eu-central-1:123456789012:accesspoint/*",
        "arn:aws:sns:eu-central-1:123456789012:*",
    ],
)
def test_every_resource_of_a_kind(arn: str) -> None:
    assert whole_kind(arn)


@pytest.mark.parametrize(
    "arn",
    [
        f"{EC2}volume/vol-0123456789abcdef0",
        f"{EC2}volume/vol-01*",
        f"{EC2}*/vol-0123456789abcdef0",
        f"{EC2}key-pair/etcd-*",
        f"{EC2}volume/${{aws:PrincipalTag/etcd-volume}}",
        f"{GROUPS}*:autoScalingGroupName/etcd-orders-*",
        f"{GROUPS}12345678-*:autoScalingGroupName/*",
        f"{LOGS}/etcd/*",
        f"{LOGS}etcd-orders:*",
        f"{LOGS}etcd-orders:log-stream:*",
        f"{BALANCERS}net/etcd-orders/*",
        f"{BALANCERS}net/etcd-orders/0123456789abcdef",
        "arn:aws:kms:*:*:key/12345678-1234-1234-1234-123456789012",
        "arn:aws:secretsmanager:*:*:secret:etcd-orders-a-1-??????",
        "arn:aws:ssm:*:*:parameter/etcd/*",
        "arn:aws:route53:::hostedzone/Z1",
        "arn:aws:s3:::etcd-orders",
        "arn:aws:s3:::etcd-orders/*",
        "arn:aws:s3:eu-central-1:123456789012:accesspoint/etcd/object/*",
        "arn:aws:sns:eu-central-1:123456789012:etcd-*",
    ],
)
def test_some_resources(arn: str) -> None:
    assert not whole_kind(arn)
