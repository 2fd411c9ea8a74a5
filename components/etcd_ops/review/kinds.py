"""What resources hold, by their type: data that a review of any platform's cluster judges their loss by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType


class Stake(str, Enum):
    """What is lost, or disturbed, when a resource goes."""

    DATA = "data"
    """A member's copy of the data, and the member with it."""
    EVERY_COPY = "every copy of the data"
    """Everything that stands in it."""
    KEY = "key"
    """What encrypts data: without it nothing is read that it encrypted."""
    MEMBER = "member"
    """A member's process, outside of the safety gate."""
    ZONE = "zone"
    """The processes of every member of a zone."""
    CHANNEL = "channel"
    """The desired document, statuses, lock and formation record."""
    AUTHORITY = "authority"
    """The key that issues certificates."""
    SECRET = "secret"  # noqa: S105 (it names what a resource holds)
    """Keys that members start with."""
    NETWORK = "network"
    """The names and the network that every connection among members uses."""
    REACH = "reach"
    """What members, or agents, may do and reach."""
    SIGHT = "sight"
    """How somebody learns of trouble."""
    SAFEGUARD = "safeguard"
    """What keeps something else from being lost or read."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a type of resource is to a cluster."""

    stake: Stake
    what: str
    """In words, for people."""
    kept_by: str = ""
    """The boolean input that leaves what it holds where it is when it is deleted; empty where there is none."""
    made_anew: bool = False
    """Whether replacing it is how it is changed: its successor is there before it goes, with what it held."""
    rolled: bool = False
    """Whether a change of it is felt only once agents, or a failure, have a machine or a pod made anew."""


DAEMON_SET = "kubernetes:apps/v1:DaemonSet"
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "etcd:index:LocalMember": Kind(Stake.DATA, "the member and its volume", kept_by="keepVolume"),
        "etcd:index:LocalZone": Kind(Stake.ZONE, "the zone's supervisor and its members' processes"),
        "etcd:index:LocalStore": Kind(Stake.CHANNEL, "the channel's directory", kept_by="keep"),
        "etcd:index:Ec2Member": Kind(Stake.MEMBER, "the member's place in the channel"),
        "etcd:index:StatefulSetMember": Kind(Stake.DATA, "the member's place, with its volume claim"),
        "etcd:index:StaticPodMember": Kind(Stake.DATA, "the member and its folder of the node"),
        "etcd:index:StaticPodInstallation": Kind(Stake.MEMBER, "the member's agent on its node"),
        "kubernetes:apps/v1:StatefulSet": Kind(Stake.DATA, "the StatefulSet, its pod and its volume claim"),
        DAEMON_SET: Kind(Stake.REACH, "the member's agent, without which etcd runs on", rolled=True),
        "kubernetes:core/v1:PersistentVolumeClaim": Kind(Stake.DATA, "the volume claim"),
        "kubernetes:core/v1:PersistentVolume": Kind(Stake.DATA, "the volume"),
        "kubernetes:core/v1:Namespace": Kind(Stake.EVERY_COPY, "the namespace and everything in it"),
        "kubernetes:core/v1:Secret": Kind(Stake.SECRET, "the Secret with keys"),
        "kubernetes:core/v1:ConfigMap": Kind(Stake.REACH, "the ConfigMap that agents start with", made_anew=True),
        "kubernetes:core/v1:Service": Kind(Stake.NETWORK, "the Service and its names"),
        "kubernetes:core/v1:ServiceAccount": Kind(Stake.REACH, "the agents' account"),
        "kubernetes:rbac.authorization.k8s.io/v1:Role": Kind(Stake.REACH, "the agents' rights"),
        "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": Kind(Stake.REACH, "the agents' rights"),
        "kubernetes:networking.k8s.io/v1:NetworkPolicy": Kind(Stake.REACH, "who may reach members"),
        "kubernetes:policy/v1:PodDisruptionBudget": Kind(Stake.SAFEGUARD, "what drains respect"),
        "aws:ebs/volume:Volume": Kind(Stake.DATA, "the data volume"),
        "aws:ec2/volumeAttachment:VolumeAttachment": Kind(Stake.MEMBER, "the volume's attachment"),
        "aws:ec2/instance:Instance": Kind(Stake.MEMBER, "the instance"),
        "aws:autoscaling/group:Group": Kind(Stake.MEMBER, "the group and its instance"),
        "aws:ec2/launchTemplate:LaunchTemplate": Kind(Stake.REACH, "the launch template", rolled=True),
        "aws:kms/key:Key": Kind(Stake.KEY, "the key without which volumes, secrets and bucket are unreadable"),
        "aws:kms/alias:Alias": Kind(Stake.REACH, "the key's name"),
        "aws:s3/bucket:Bucket": Kind(Stake.CHANNEL, "the bucket of channel and artifacts"),
        "aws:s3/bucketV2:BucketV2": Kind(Stake.CHANNEL, "the bucket of channel and artifacts"),
        "aws:s3/bucketObjectv2:BucketObjectv2": Kind(Stake.REACH, "an artifact", made_anew=True),
        "aws:s3/bucketVersioning:BucketVersioning": Kind(Stake.SAFEGUARD, "the bucket's versions"),
        "aws:s3/bucketVersioningV2:BucketVersioningV2": Kind(Stake.SAFEGUARD, "the bucket's versions"),
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Kind(
            Stake.SAFEGUARD, "the bucket's encryption"
        ),
        "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": Kind(
            Stake.SAFEGUARD, "the bucket's encryption"
        ),
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Kind(Stake.SAFEGUARD, "the bucket's privacy"),
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls": Kind(Stake.SAFEGUARD, "the bucket's ownership"),
        "aws:s3/bucketPolicy:BucketPolicy": Kind(Stake.SAFEGUARD, "the bucket's policy"),
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Kind(
            Stake.SAFEGUARD, "how long the bucket keeps versions"
        ),
        "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": Kind(
            Stake.SAFEGUARD, "how long the bucket keeps versions"
        ),
        "aws:secretsmanager/secret:Secret": Kind(Stake.SECRET, "the secret with the member's keys"),
        "aws:secretsmanager/secretVersion:SecretVersion": Kind(
            Stake.SECRET, "the keys in the member's secret", made_anew=True
        ),
        "aws:iam/role:Role": Kind(Stake.REACH, "the member's role"),
        "aws:iam/rolePolicy:RolePolicy": Kind(Stake.REACH, "the member's rights"),
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Kind(Stake.REACH, "the member's rights"),
        "aws:iam/policy:Policy": Kind(Stake.REACH, "the member's rights"),
        "aws:iam/instanceProfile:InstanceProfile": Kind(Stake.REACH, "the member's instance profile"),
        "aws:route53/zone:Zone": Kind(Stake.NETWORK, "the zone with every member's name"),
        "aws:route53/record:Record": Kind(Stake.NETWORK, "a member's name"),
        "aws:ec2/securityGroup:SecurityGroup": Kind(Stake.NETWORK, "who may reach members"),
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Kind(
            Stake.SAFEGUARD, "the network's own group, which lets nobody in"
        ),
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Kind(Stake.REACH, "who may reach members"),
        "aws:ec2/securityGroupRule:SecurityGroupRule": Kind(Stake.REACH, "who may reach members"),
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Kind(Stake.REACH, "whom members may reach"),
        "aws:ec2/vpc:Vpc": Kind(Stake.NETWORK, "the members' network"),
        "aws:ec2/subnet:Subnet": Kind(Stake.NETWORK, "a zone's network"),
        "aws:ec2/routeTable:RouteTable": Kind(Stake.REACH, "the members' routes"),
        "aws:ec2/routeTableAssociation:RouteTableAssociation": Kind(Stake.REACH, "the members' routes"),
        "aws:ec2/vpcEndpoint:VpcEndpoint": Kind(Stake.REACH, "how members reach AWS"),
        "aws:lb/loadBalancer:LoadBalancer": Kind(Stake.REACH, "the clients' load balancer"),
        "aws:lb/listener:Listener": Kind(Stake.REACH, "the clients' load balancer"),
        "aws:lb/targetGroup:TargetGroup": Kind(Stake.REACH, "the clients' load balancer"),
        "aws:cloudwatch/metricAlarm:MetricAlarm": Kind(Stake.SIGHT, "an alarm"),
    }
)
"""By type token. Keys and certificates of `pulumi-tls` are told apart by their names (`trust.py`)."""

ROLLOUT = "etcd:index:Rollout"
"""The resource that declares a cluster."""
HARMLESS = frozenset(
    {
        ROLLOUT,
        "etcd:index:LocalContext",
        "pulumi:providers:aws",
        "pulumi:providers:kubernetes",
        "pulumi:pulumi:Stack",
        "tls:index/privateKey:PrivateKey",
        "tls:index/certRequest:CertRequest",
        "tls:index/locallySignedCert:LocallySignedCert",
        "tls:index/selfSignedCert:SelfSignedCert",
    }
)
"""Types of which other rules speak, or that hold nothing. What a provider made is told by itself."""


def is_component(token: str) -> bool:
    """Whether a type is a cluster component of the provider `etcd`."""
    return token.startswith("etcd:index:") and token.endswith("Cluster")


def kind_of(token: str) -> Kind | None:
    """What a resource holds; None for a type that is not known."""
    return KINDS.get(token)
