"""Arguments of `LocalCluster`, as programs write them."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from typing_extensions import NotRequired

from pulumi_etcd.shared import Agent, ChannelConnection, Healing, Migration, Protect, Renewal, Trusts


class Etcd(TypedDict):
    """Settings of etcd, the same for every member."""

    version: NotRequired[str]
    """Its version; 3.6.15 when absent. Changing it upgrades, or downgrades by one minor version."""
    path: NotRequired[str]
    """Absolute path of an etcd program of that version; when absent, it is looked for on PATH, then obtained."""
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


class LocalAddressing(TypedDict):
    """Where members listen. It must not change while the cluster exists."""

    mode: NotRequired[str]
    """`zones`: a loopback address per zone; `ports`: one address for all, where a machine has only one (macOS).
    `zones` when absent."""
    network: NotRequired[str]
    """First three numbers of the zones' addresses, for mode `zones`; `127.0.10` when absent."""
    address: NotRequired[str]
    """The one address, for mode `ports`; `127.0.0.1` when absent."""
    base_port: NotRequired[int]
    """The first member's client port; its other ports follow. 2379 when absent."""


class LocalClusterArgs(TypedDict):
    """Arguments of a `LocalCluster`. The resource's name is the cluster's name, a DNS label."""

    directory: str
    """Absolute path of the directory that holds everything of the cluster."""
    environment: NotRequired[str]
    """What it is for, such as `production`; policies ask more of some. `development` when absent."""
    zones: NotRequired[Sequence[str]]
    """Names of the zones, in the order of their numbers; `[a, b, c]` when absent."""
    zone_numbers: NotRequired[Mapping[str, int]]
    """Instead of `zones`: every zone with its number, from 0, so that one can be taken out of the middle."""
    size: NotRequired[int]
    """Number of members, spread evenly over the zones; 3 when absent."""
    slots: NotRequired[Mapping[str, str]]
    """Instead of `size`: the zone of every slot. A slot's name ends in its ordinal within the zone, as `b-2`."""
    volume_bytes: NotRequired[int]
    """Size that a member's volume has to have; 10 GiB when absent."""
    etcd: NotRequired[Etcd]
    """Settings of etcd."""
    addressing: NotRequired[LocalAddressing]
    """Where members listen."""
    channel: NotRequired[ChannelConnection]
    """Where declaration and statuses are exchanged; a directory beside the volumes when absent."""
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
    keep_volumes: NotRequired[bool]
    """Whether a destroyed cluster's volumes stay, for the next `up` to take them up again; false when absent."""
    protect: NotRequired[Protect]
    """What the engine refuses to delete."""
    deadline_seconds: NotRequired[float]
    """Seconds that an `up` waits for every member; 600 when absent."""
    agent: NotRequired[Agent]
    """The agent beside every member; the one installed with this package when absent."""
