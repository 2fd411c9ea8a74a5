"""The custom resource `etcd:index:Rollout`, as programs and components declare it."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import pulumi
from typing_extensions import NotRequired

from pulumi_etcd.shared import ChannelConnection, Healing, Migration, Renewal
from pulumi_etcd.wire import to_snake, to_wire


class RolloutCertificates(TypedDict):
    """Fingerprints (SHA-256 of the DER encoding, hexadecimal) of one member's leaf certificates."""

    peer: pulumi.Input[str]
    """Of the certificate with which members speak to each other."""
    server: pulumi.Input[str]
    """Of the certificate that clients see."""
    metrics: pulumi.Input[str]
    """Of the certificate under which the agent republishes metrics."""
    agent: pulumi.Input[str]
    """Of the agent's own client certificate."""


class RolloutMember(TypedDict):
    """One member of the cluster."""

    zone: str
    """The zone it stands in."""
    peer_url: str
    """`https://host:port` by which other members reach it."""
    client_url: str
    """`https://host:port` that clients use."""
    metrics_url: str
    """`https://host:port` on which its agent republishes metrics."""
    health_url: str
    """`http://127.0.0.x:port` of etcd's own metrics and health; loopback only."""
    volume_bytes: int
    """Size of its data volume."""
    certificates: RolloutCertificates
    """Its leaf certificates."""
    template: NotRequired[str]
    """Digest of the pod that it is to run in; empty, or absent, where it runs in none."""
    agent_template: NotRequired[str]
    """Digest of the pod that its agent is to run in, where that is another one than the member's."""
    loopback_url: NotRequired[str]
    """`https://127.0.0.1:port` at which clients on its machine reach it, too; empty, or absent, where they do not."""


class RolloutTrust(TypedDict):
    """Certificate authorities believed for one use."""

    authorities: Mapping[str, pulumi.Input[str]]
    """Trust generation (decimal) to the fingerprint of its CA certificate."""
    issuer: int
    """The trust generation whose leaves are used."""


class RolloutTrusts(TypedDict):
    """The three separate trusts of a cluster."""

    peer: RolloutTrust
    """Among members."""
    client: RolloutTrust
    """Between members and clients."""
    metrics: RolloutTrust
    """Between agents and whoever reads metrics."""
    shared: NotRequired[bool]
    """Whether one authority may issue for peers and for clients; false when absent."""


class RolloutBinary(TypedDict):
    """etcd's program."""

    source: str
    """Where agents copy it from."""
    sha256: str
    """Its SHA-256, hexadecimal."""
    digest_of: NotRequired[str]
    """What `sha256` is of: `program`, its own bytes, or `image`, the container image that has it; `program` when
    absent."""


class RolloutEtcd(TypedDict):
    """Settings of etcd, the same for every member."""

    version: str
    """Its version, such as `3.6.15`."""
    binary: RolloutBinary
    """Its program."""
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


class RolloutAgent(TypedDict):
    """The agent beside every member."""

    version: str
    """Its version; another one makes agents upgrade themselves, zone by zone, without restarting etcd."""
    command: list[str]
    """Program and leading arguments that start it, without the subcommand."""
    archive: NotRequired[str]
    """SHA-256 of the archive from which a machine unpacks it; empty, or absent, where it is there by other means."""


class RolloutCluster(TypedDict):
    """The body of the desired document: one etcd cluster."""

    name: str
    """Its name, a DNS label."""
    environment: NotRequired[str]
    """What it is for, such as `production`; `development` when absent."""
    incarnation: NotRequired[int]
    """Raised by one to recover from a lost quorum; 1 when absent."""
    members: Mapping[str, RolloutMember]
    """Its members by slot."""
    etcd: RolloutEtcd
    """Settings of etcd."""
    trust: RolloutTrusts
    """Whom its members believe."""
    agent: RolloutAgent
    """The agent beside every member."""
    renewal: Renewal
    """When leaf certificates are renewed."""
    healing: NotRequired[Healing]
    """What agents may repair by themselves."""
    allow_outage: NotRequired[bool]
    """Whether changes may stop a cluster of one or two voters; false when absent."""
    migration: NotRequired[Migration]
    """Whom the cluster is moved over from, and how far; none when absent."""


class RolloutPods(TypedDict):
    """Where members' pods are, as whoever runs Pulumi reaches them."""

    namespace: str
    """Name of their namespace."""
    namespace_uid: str
    """The UID that it must have; pods of another one are left alone."""
    kubeconfig: str
    """Absolute path of the kubeconfig that leads there."""
    context: str
    """Of the kubeconfig."""


class RolloutArgs(TypedDict):
    """Arguments of a Rollout. Nothing in them may be secret: every member reads them."""

    channel: ChannelConnection
    """Where the document is written. It cannot be changed while the cluster exists."""
    cluster: RolloutCluster
    """The cluster. Only fingerprints may be computed: a preview must know everything else."""
    mode: NotRequired[str]
    """`active`, `paused` or `observe-only`; `active` when absent."""
    adopt: NotRequired[bool]
    """Whether the cluster's data was made by somebody else and is to be taken over; false when absent."""
    former_owner: NotRequired[str]
    """URN of the Rollout whose cluster this one takes over; none when absent."""
    deadline_seconds: NotRequired[float]
    """Seconds to wait for every member; 600 when absent."""
    pods: NotRequired[RolloutPods]
    """Where members' pods are that make way for declared ones while they do not come up; they are left alone when
    absent."""
    waits_for: NotRequired[Mapping[str, pulumi.Input[int]]]
    """How often each part that members need was started: when it changes, members are waited for again, though the
    document stays as it is. May be computed."""


class Rollout(pulumi.CustomResource):
    """Writes a cluster's desired document into its channel and waits until every member has applied it."""

    generation: pulumi.Output[int]
    """Generation of the desired document."""
    digest: pulumi.Output[str]
    """SHA-256 of the desired document, hexadecimal."""
    formation_token: pulumi.Output[str]
    """Names one forming of this cluster."""
    formed: pulumi.Output[bool]
    """Whether the cluster has been formed."""
    running: pulumi.Output[Mapping[str, bool]]
    """By slot: whether the member is healthy."""

    def __init__(self, name: str, args: RolloutArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare a rollout.

        Args:
            name: the resource's name.
            args: what is rolled out, and where.
            opts: the resource's options; it should depend on everything the members need.
        """
        outputs: Sequence[str] = ("generation", "digest", "formationToken", "formed", "running")
        properties = {**to_wire(args, RolloutArgs), **dict.fromkeys(outputs)}
        super().__init__("etcd:index:Rollout", name, properties, opts)

    def translate_output_property(self, prop: str) -> str:
        """Attributes have Python names."""
        return to_snake(prop)
