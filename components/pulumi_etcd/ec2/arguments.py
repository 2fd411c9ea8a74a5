"""Arguments of `Ec2Cluster`, as programs write them."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import pulumi
from typing_extensions import NotRequired

from pulumi_etcd.shared import Healing, Migration, Renewal, Trusts


class Ec2Artifact(TypedDict):
    """A file that members fetch from the cluster's bucket: machines need no internet."""

    path: str
    """Absolute path on the machine that runs Pulumi."""
    sha256: str
    """Its SHA-256, hexadecimal: what has another one is refused before anything changes."""


class Ec2Etcd(TypedDict):
    """Settings of etcd, the same for every member."""

    program: Ec2Artifact
    """The program `etcd` of its version, for the machines' architecture."""
    version: NotRequired[str]
    """The program's version; 3.6.15 when absent. Changing it upgrades, or downgrades by one minor version."""
    quota_backend_bytes: NotRequired[int]
    """Size at which the database refuses writes; 2 GiB when absent."""
    heartbeat_interval_ms: NotRequired[int]
    """Milliseconds between heartbeats; 100 when absent."""
    election_timeout_ms: NotRequired[int]
    """Milliseconds without a heartbeat after which an election begins; 1000 when absent."""
    snapshot_count: NotRequired[int]
    """Transactions between two raft snapshots; 10000 when absent."""
    auto_compaction_mode: NotRequired[str]
    """`periodic` or `revision`; `periodic` when absent."""
    auto_compaction_retention: NotRequired[str]
    """What compaction keeps: a duration or a number of revisions; `1h` when absent."""
    max_request_bytes: NotRequired[int]
    """Size of the largest request; 1572864 when absent."""
    max_learners: NotRequired[int]
    """Learners that may be members at the same time; 1 when absent."""
    log_level: NotRequired[str]
    """`debug`, `info`, `warn` or `error`; `info` when absent."""
    extra_config: NotRequired[Mapping[str, Any]]
    """Further keys of etcd's configuration file, checked against those that the version knows."""


class Ec2Agent(TypedDict):
    """The agent that runs beside every member. Another one never replaces an instance."""

    archive: Ec2Artifact
    """Its archive for the machines' architecture, with its own Python."""
    version: NotRequired[str]
    """The version of etcd-ops in the archive; that of the etcd-ops beside this package when absent."""


class Ec2Volume(TypedDict):
    """A member's data volume: gp3, encrypted, apart from the instance."""

    size_bytes: NotRequired[int]
    """Its size, a whole number of GiB; 10 GiB when absent. It can only be raised."""
    iops: NotRequired[int]
    """I/O operations a second; 3000, which gp3 includes, when absent."""
    throughput_mibps: NotRequired[int]
    """MiB a second; 125, which gp3 includes, when absent."""


class Ec2Network(TypedDict):
    """Where the members are: subnets of a VPC that is there, or a VPC of the cluster's own."""

    vpc_id: NotRequired[pulumi.Input[str]]
    """The VPC that is there; DNS support and DNS host names have to be on."""
    subnets: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Beside `vpc_id`: a private subnet in every zone that has members, by the zone's name. Members have to reach the
    services of AWS from there: by endpoints, or through a NAT gateway."""
    cidr: NotRequired[str]
    """Instead: the IPv4 network, /16 to /24, of a VPC that is made, without a way to the internet, and with endpoints
    of the services that members use."""


class Ec2Clients(TypedDict):
    """Whom a security group lets in."""

    security_groups: NotRequired[Sequence[pulumi.Input[str]]]
    """IDs of their security groups; none when absent."""
    cidrs: NotRequired[Sequence[str]]
    """Their networks, IPv4 or IPv6; none when absent."""


class Ec2LoadBalancer(TypedDict):
    """A Network Load Balancer for clients, at the name of the private zone itself. TLS passes through it."""

    subnets: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Its subnets, by zone; the members' own when absent."""
    deletion_protection: NotRequired[bool]
    """Whether AWS refuses to delete it; false when absent."""


class Ec2Alarms(TypedDict):
    """CloudWatch alarms for what Prometheus cannot see: instances, groups and volumes that fail from outside."""

    topic_arn: pulumi.Input[str]
    """ARN of the SNS topic that is told."""


class Ec2Protect(TypedDict):
    """What the engine refuses to delete."""

    volumes: NotRequired[bool]
    """Data volumes, and the key without which nobody can read them; false when absent."""
    authorities: NotRequired[bool]
    """Certificate authorities; false when absent."""
    bucket: NotRequired[bool]
    """The bucket with the channel; false when absent. An unprotected one is deleted with everything in it."""


class Ec2ClusterArgs(TypedDict):
    """Arguments of an `Ec2Cluster`. The resource's name is the cluster's name, a DNS label."""

    region: str
    """The region that everything is in, such as `eu-central-1`. It cannot be changed."""
    account: str
    """ID of the account that everything is in, 12 digits; another one is refused. It cannot be changed."""
    image: str
    """ID of the machine image, `ami-…`: a systemd distribution with cloud-init and Python. Another one is rolled out
    one member at a time."""
    instance_type: str
    """Type of the instances, such as `m7g.large`: any with Nitro. Another one is rolled out one member at a time."""
    architecture: str
    """`x86_64` or `arm64`, of image, type, and both archives. It cannot be changed yet."""
    etcd: Ec2Etcd
    """Settings of etcd."""
    agent: Ec2Agent
    """The agent beside every member."""
    network: Ec2Network
    """Where the members are."""
    environment: NotRequired[str]
    """What it is for, such as `production`; policies ask more of some. `development` when absent."""
    zones: NotRequired[Sequence[str]]
    """Names of the availability zones, in the order of their numbers, such as `eu-central-1a`."""
    zone_numbers: NotRequired[Mapping[str, int]]
    """Instead of `zones`: every zone with its number, from 0, so that one can be taken out of the middle."""
    size: NotRequired[int]
    """Number of members, spread evenly over the zones; 3 when absent."""
    slots: NotRequired[Mapping[str, str]]
    """Beside the zones, instead of `size`: the zone of every slot. A slot's name ends in its ordinal within the zone,
    as `b-2`."""
    volume: NotRequired[Ec2Volume]
    """The members' data volumes."""
    root_device: NotRequired[str]
    """The image's root device, its `RootDeviceName`; `/dev/xvda` when absent. Where the image has another one, its root
    is not encrypted, which `etcd-ops preflight` refuses. Another one is rolled out one member at a time."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the key that volumes, bucket and secrets are encrypted with; one is made when absent."""
    bucket: NotRequired[str]
    """Name of the bucket that is made for channel and programs; `etcd-<cluster>-<account>-<region>` when absent. It
    cannot be changed."""
    private_zone: NotRequired[str]
    """The private DNS zone that is made, in which every member has a name; `<cluster>.etcd.internal` when absent. It
    cannot be changed."""
    clients: NotRequired[Ec2Clients]
    """Who may reach the client port; nobody when absent."""
    metrics_clients: NotRequired[Ec2Clients]
    """Who may reach the metrics port; nobody when absent."""
    origin: NotRequired[Ec2Clients]
    """Beside `migration`: where the members are that somebody else runs."""
    load_balancer: NotRequired[Ec2LoadBalancer]
    """A load balancer for clients; none when absent."""
    alarms: NotRequired[Ec2Alarms]
    """Alarms of CloudWatch; none when absent."""
    session_manager: NotRequired[bool]
    """Whether operators may open sessions through Systems Manager; true when absent. There is no SSH."""
    permissions_boundary: NotRequired[str]
    """ARN of the policy that bounds the members' roles; none when absent."""
    tags: NotRequired[Mapping[str, str]]
    """Tags of everything that can have more than ten, beside the cluster's own: 44 at most. Programs in the bucket and
    the private zone have the cluster's own alone."""
    role_arn: NotRequired[str]
    """ARN of the role that whoever runs Pulumi takes for this cluster; their own credentials when absent. It cannot be
    changed yet."""
    endpoint_url: NotRequired[str]
    """URL of a server that stands for AWS, as in tests; AWS itself when absent."""
    directory: NotRequired[str]
    """Absolute path of a directory on the machine that runs Pulumi, in which files for `etcd-ops` are written; none are
    when absent."""
    trust: NotRequired[Trusts]
    """Generations of the certificate authorities."""
    incarnation: NotRequired[int]
    """Raised by one to recover from a lost quorum; 1 when absent."""
    renewal: NotRequired[Renewal]
    """When leaf certificates are renewed."""
    authority_validity_hours: NotRequired[int]
    """How long certificate authorities are valid, in hours; 87600 (ten years) when absent."""
    healing: NotRequired[Healing]
    """What agents may repair by themselves."""
    mode: NotRequired[str]
    """`active`, `paused` or `observe-only`; `active` when absent."""
    adopt: NotRequired[bool]
    """Whether etcd was started by hand on these volumes and is to be taken over; false when absent."""
    migration: NotRequired[Migration]
    """Whom the cluster is moved over from, and how far; none when absent."""
    former_owner: NotRequired[str]
    """URN of the Rollout whose cluster this one takes over; none when absent."""
    allow_outage: NotRequired[bool]
    """Whether changes may stop a cluster of one or two members; false when absent."""
    protect: NotRequired[Ec2Protect]
    """What the engine refuses to delete."""
    deadline_seconds: NotRequired[float]
    """Seconds that an `up` waits for every member; 900, for machines that have to boot, when absent."""
