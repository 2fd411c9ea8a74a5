"""Arguments of `StaticPodCluster`, as programs write them."""

from collections.abc import Mapping
from typing import Any, TypedDict

from typing_extensions import NotRequired

from pulumi_etcd.kubernetes.arguments import ContainerResources
from pulumi_etcd.shared import ChannelConnection, Healing, Migration, Protect, Renewal, Trusts


class StaticPodEtcd(TypedDict):
    """Settings of etcd, the same for every member."""

    image: str
    """Its container image, pinned: `repository@sha256:<64 hexadecimal digits>`."""
    version: NotRequired[str]
    """The version in the image; 3.6.15 when absent. Changing it upgrades, or downgrades by one minor version."""
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


class StaticPodAgent(TypedDict):
    """The agent that runs beside every member."""

    image: str
    """Its container image, pinned: `repository@sha256:<64 hexadecimal digits>`."""
    version: NotRequired[str]
    """The version of etcd-ops in the image; that of the etcd-ops beside this package when absent."""
    kind: NotRequired[str]
    """What runs it: `daemon-set`, or `static-pod` where the cluster backs the API server of its own nodes; the former
    when absent. It cannot be changed."""


class StaticPodResources(TypedDict):
    """What the containers of a member's two pods ask for."""

    etcd: NotRequired[ContainerResources]
    """etcd's; cpu 250m, memory 512Mi, memory limit 4Gi when absent."""
    agent: NotRequired[ContainerResources]
    """The agent's; cpu 50m, memory 128Mi, memory limit 256Mi when absent."""


class StaticPodSlot(TypedDict):
    """A member's place: a node."""

    zone: str
    """The zone that the node stands in, or what fails by itself within one, such as a rack. No zone may have a quorum
    of three members or more. It cannot be changed."""
    node: str
    """The node's label `kubernetes.io/hostname`. It cannot be changed; no two members share a node."""
    address: str
    """Host name or IP address by which the node is reached. It cannot be changed."""
    manifest_directory: NotRequired[str]
    """Absolute path of the folder in which the node's kubelet looks for static pods; the cluster's when absent."""
    data_directory: NotRequired[str]
    """Absolute path of the folder on the node that has the member's volume; the cluster's when absent. It cannot be
    changed."""


class StaticPodClusterArgs(TypedDict):
    """Arguments of a `StaticPodCluster`. The resource's name is the cluster's name, a DNS label."""

    namespace: str
    """The namespace that agents and the pods' mirrors are in; it must exist, and allow privileged pods. It cannot be
    changed."""
    namespace_uid: str
    """The namespace's UID, by which another cluster's namespace of the same name is refused. It cannot be changed."""
    kubeconfig: str
    """Absolute path of the kubeconfig that leads to the Kubernetes cluster."""
    context: str
    """Of the kubeconfig; never the one that happens to be current."""
    etcd: StaticPodEtcd
    """Settings of etcd."""
    agent: StaticPodAgent
    """The agent beside every member."""
    slots: Mapping[str, StaticPodSlot]
    """By slot: the node that the member runs on. A slot's name ends in its ordinal within the zone, as `b-2`."""
    environment: NotRequired[str]
    """What it is for, such as `production`; policies ask more of some. `development` when absent."""
    base_port: NotRequired[int]
    """Port for clients; the next three are for peers, metrics and health. 2379 when absent. It cannot be changed."""
    manifest_directory: NotRequired[str]
    """Absolute path of the folder in which kubelets look for static pods; `/etc/kubernetes/manifests` when absent. It
    cannot be changed."""
    manifest_url_port: NotRequired[int]
    """Port on loopback of every node, at which members' manifests are served to kubelets whose `staticPodURL` is
    `http://127.0.0.1:<port>/manifest`, by agents of kind `static-pod`; manifests are files when absent. It cannot be
    changed."""
    data_directory: NotRequired[str]
    """Absolute path of the folder on every node that has the members' volumes; `/var/lib/pulumi-etcd` when absent. It
    cannot be changed."""
    run_directory: NotRequired[str]
    """Absolute path of the folder on every node that has sockets, and the token that agents lend their members;
    `/run/pulumi-etcd` when absent. It cannot be changed."""
    volume_bytes: NotRequired[int]
    """Space for a member on its node's disk, which nobody reserves; 10 GiB when absent."""
    cluster_domain: NotRequired[str]
    """Domain of the Kubernetes cluster's names; `cluster.local` when absent. It cannot be changed."""
    resources: NotRequired[StaticPodResources]
    """What the containers ask for."""
    priority_class_name: NotRequired[str]
    """Priority class of the pods; `system-node-critical` when absent."""
    directory: NotRequired[str]
    """Absolute path of a directory on the machine that runs Pulumi, in which files for `etcd-ops` are written; none are
    when absent."""
    channel: NotRequired[ChannelConnection]
    """Where declaration and statuses are exchanged: kind `kubernetes`, in the cluster's namespace, or `s3`; the former
    when absent. For agents of kind `static-pod`: `s3`, or a namespace of another Kubernetes cluster with everything
    that leads there. Never an API server that this cluster is to back."""
    credentials_file: NotRequired[str]
    """Absolute path of a file on every node with the AWS credentials that agents use for a channel of kind `s3`, in the
    format of the AWS command line; they use the role of their node when absent."""
    kubeconfig_file: NotRequired[str]
    """Absolute path of a file on every node: the kubeconfig by which agents of kind `static-pod` reach a channel in
    another Kubernetes cluster, with the same context as the channel's. Certificates and tokens stand in it."""
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
    """Whether somebody else started etcd, and it is to be taken over; false when absent. Where agents are static pods:
    kubeadm's, whose data directory is the data directory here. Else: one that was started by hand on these volumes."""
    adopted_manifest: NotRequired[str]
    """Name of the file in the manifest directory that the adopted etcd runs from; `etcd.yaml` when absent."""
    loopback: NotRequired[bool]
    """Whether clients on a member's node reach it on loopback, too, as API servers that kubeadm made do; false when
    absent, but to be stated where kubeadm's etcd is adopted."""
    migration: NotRequired[Migration]
    """Whom the cluster is moved over from, and how far; none when absent."""
    former_owner: NotRequired[str]
    """URN of the Rollout whose cluster this one takes over; none when absent."""
    allow_outage: NotRequired[bool]
    """Whether changes may stop a cluster of one or two members; false when absent."""
    protect: NotRequired[Protect]
    """What the engine refuses to delete."""
    deadline_seconds: NotRequired[float]
    """Seconds that an `up` waits for every member; 600 when absent."""
