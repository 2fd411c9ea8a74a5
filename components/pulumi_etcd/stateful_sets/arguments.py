"""Arguments of `StatefulSetCluster`, as programs write them."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from typing_extensions import NotRequired

from pulumi_etcd.kubernetes.arguments import ContainerResources
from pulumi_etcd.shared import ChannelConnection, Healing, Migration, Protect, Renewal, Trusts


class StatefulSetEtcd(TypedDict):
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


class StatefulSetAgent(TypedDict):
    """The agent that runs beside every member."""

    image: str
    """Its container image, pinned: `repository@sha256:<64 hexadecimal digits>`."""
    version: NotRequired[str]
    """The version of etcd-ops in the image; that of the etcd-ops beside this package when absent."""


class StatefulSetResources(TypedDict):
    """What the two containers of a member ask for."""

    etcd: NotRequired[ContainerResources]
    """etcd's; cpu 250m, memory 512Mi, memory limit 4Gi when absent."""
    agent: NotRequired[ContainerResources]
    """The agent's; cpu 50m, memory 128Mi, memory limit 256Mi when absent."""


class Toleration(TypedDict):
    """A taint of nodes that members put up with."""

    key: NotRequired[str]
    """The taint's key; every one when absent."""
    operator: NotRequired[str]
    """`Equal` or `Exists`; `Equal` when absent."""
    value: NotRequired[str]
    """The taint's value, for the operator `Equal`."""
    effect: NotRequired[str]
    """`NoSchedule`, `PreferNoSchedule` or `NoExecute`; every one when absent."""
    toleration_seconds: NotRequired[int]
    """How long a member stays under the effect `NoExecute`; for ever when absent."""


class ClientSelector(TypedDict):
    """Pods, by labels that they and their namespaces have."""

    namespace_labels: NotRequired[Mapping[str, str]]
    """Labels of their namespaces; the cluster's own namespace alone when absent, every one when empty."""
    pod_labels: NotRequired[Mapping[str, str]]
    """Their own labels; every pod of those namespaces when absent."""


class StatefulSetClusterArgs(TypedDict):
    """Arguments of a `StatefulSetCluster`. The resource's name is the cluster's name, a DNS label."""

    namespace: str
    """The namespace that everything is in; it must exist. It cannot be changed."""
    namespace_uid: str
    """The namespace's UID, by which another cluster's namespace of the same name is refused. It cannot be changed."""
    kubeconfig: str
    """Absolute path of the kubeconfig that leads to the Kubernetes cluster."""
    context: str
    """Of the kubeconfig; never the one that happens to be current."""
    etcd: StatefulSetEtcd
    """Settings of etcd."""
    agent: StatefulSetAgent
    """The agent beside every member."""
    environment: NotRequired[str]
    """What it is for, such as `production`; policies ask more of some. `development` when absent."""
    zones: NotRequired[Sequence[str]]
    """Names of the zones, in the order of their numbers: values of the nodes' label `topology.kubernetes.io/zone`."""
    zone_numbers: NotRequired[Mapping[str, int]]
    """Instead of `zones`: every zone with its number, from 0, so that one can be taken out of the middle."""
    size: NotRequired[int]
    """Number of members, spread evenly over the zones; 3 when absent."""
    slots: NotRequired[Mapping[str, str]]
    """Beside the zones, instead of `size`: the zone of every slot. A slot's name ends in its ordinal within the zone,
    as `b-2`."""
    volume_bytes: NotRequired[int]
    """Size of a member's volume; 10 GiB when absent. It can be raised where the storage class lets volumes grow."""
    storage_class: NotRequired[str]
    """Storage class of the volumes; the Kubernetes cluster's default when absent. A volume keeps the one it was made
    with."""
    storage_classes: NotRequired[Mapping[str, str]]
    """By slot, the storage class of volumes that have another one, as while members move to another class; empty for
    the Kubernetes cluster's default."""
    cluster_domain: NotRequired[str]
    """Domain of the Kubernetes cluster's names; `cluster.local` when absent. It cannot be changed."""
    resources: NotRequired[StatefulSetResources]
    """What the containers ask for."""
    priority_class_name: NotRequired[str]
    """Priority class of the pods; the Kubernetes cluster's default when absent."""
    pod_generation: NotRequired[int]
    """Raise it to have every pod made anew, one after the other through the gate: etcd's container goes on with the
    image that it was started from when the agent's is exchanged; 0 when absent."""
    tolerations: NotRequired[Sequence[Toleration]]
    """Taints of nodes that members put up with; none when absent."""
    clients: NotRequired[Sequence[ClientSelector]]
    """Who may reach the client port; pods of the cluster's namespace when absent, nobody when empty."""
    metrics_clients: NotRequired[Sequence[ClientSelector]]
    """Who may reach the metrics port; pods of the cluster's namespace when absent, nobody when empty."""
    directory: NotRequired[str]
    """Absolute path of a directory on the machine that runs Pulumi, in which files for `etcd-ops` are written; none are
    when absent."""
    channel: NotRequired[ChannelConnection]
    """Where declaration and statuses are exchanged: kind `kubernetes`, in the cluster's namespace, or `s3`; the former
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
    protect: NotRequired[Protect]
    """What the engine refuses to delete."""
    deadline_seconds: NotRequired[float]
    """Seconds that an `up` waits for every member; 600 when absent."""
