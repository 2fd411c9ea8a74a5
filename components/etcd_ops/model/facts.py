"""What an agent observed: plain values from which `decisions` chooses one step. What could not be read is None."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from etcd_ops.model.records import Controls, FormationRecord, LockRecord
from etcd_ops.model.spec import ClusterSpec, Desired
from etcd_ops.model.status import Highest, MemberStatus, OldEntries

NOTHING_SEEN = Highest()
"""What an agent knows that never read a channel."""

REMOVED = "permanently removed from the cluster"
"""In etcd's last words when its member was removed (etcdserver/server.go, rafthttp/util.go)."""
NOT_STARTED = "not started:"
"""How the launcher's refusals begin: etcd itself was never run then."""


class Termination(Enum):
    """Whether the member's machine is about to be terminated by its platform."""

    NONE = "none"
    HELD = "held"
    """It is, and the platform waits until it is let go."""
    LET_GO = "let-go"


@dataclass(frozen=True, slots=True)
class Identity:
    """Which member of which cluster a data directory belongs to, as its write-ahead log says."""

    cluster_id: int
    member_id: int


@dataclass(frozen=True, slots=True)
class Memory:
    """What an agent must not forget: kept on the volume, written atomically before it is relied upon."""

    highest: Highest = NOTHING_SEEN
    formation: bytes = b""
    """The newest formation record seen, as it stood in the channel."""
    desired: bytes = b""
    """The newest desired document that was understood and accepted (`decisions.authorising`): the one in force."""
    applied_digest: str = ""
    """Digest of the document that is fully applied."""
    failed_digest: str = ""
    """Digest of the document whose configuration could not be started."""
    failed_reason: str = ""
    identity: Identity | None = None
    """Of the member that this volume last held; kept when the data is gone."""
    incarnation: int = 0
    """Of the data on this volume; 0 before the first start."""
    fence: int = 0
    """Data of an incarnation below this never starts again."""


@dataclass(frozen=True, slots=True)
class Launch:
    """Everything the launcher needs to start the member with no agent and no channel."""

    configuration: str
    """Text of etcd's configuration file."""
    configuration_digest: str
    binary_sha256: str
    incarnation: int
    expected: Identity | None
    """Identity that the data must have; None only for a first start on an empty data directory."""
    first_start: bool
    """Whether the launcher may start etcd without data."""
    force_new_cluster: bool = False
    """One start of recovery; the launcher forgets it once etcd has run."""
    trusted: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Domain (peer, client) to the fingerprints of the authorities in the bundles that `configuration` names."""
    joins: bool = False
    """The data began, or is to begin, as a learner's of an existing cluster."""


class Outside(str, Enum):
    """Data of this member that are not on its volume yet: whoever ran it before keeps them where they always were."""

    KEPT = "kept"
    """They may be started there at any time."""
    RELEASED = "released"
    """Nobody starts them there any more: once nobody holds them, they can be taken onto the volume."""


@dataclass(frozen=True, slots=True)
class VolumeFacts:
    """A data volume as it is now."""

    marked: bool
    """It carries the platform's identity marker of this slot of this cluster."""
    volume_id: str
    """From the marker; empty where there is none."""
    has_data: bool
    """etcd's write-ahead log is there, or `outside`."""
    identity: Identity | None
    """From the write-ahead log; None where there is no data, or it cannot be read."""
    launch: Launch | None
    """What the next start would use."""
    running_digest: str = ""
    """Configuration digest with which the launcher last started etcd."""
    running_binary: str = ""
    """SHA-256 of the program that the launcher last started."""
    good: Launch | None = None
    """The launch with which etcd last became healthy."""
    credentials: frozenset[str] = frozenset()
    """Fingerprints of certificates (leaves and authorities) that were delivered to this member."""
    leaves: dict[str, str] = field(default_factory=dict)
    """Use (peer, server, metrics, agent) to the fingerprint of the leaf in use now."""
    binaries: frozenset[str] = frozenset()
    """SHA-256 of the programs cached on the volume."""
    sole: bool = False
    """It is empty, and the platform vouches that no other volume can be this slot's any more."""
    old_entries: OldEntries | None = None
    """What 3.5 left in the write-ahead log; None where it was not looked for, or the log cannot be understood."""
    outside: Outside | None = None
    """Whether its data are still elsewhere; None for data that are on the volume, and where there are none."""

    @property
    def joining(self) -> bool:
        """The data began in an existing cluster, as a learner's, and was never seen healthy, as a voter's is."""
        launch, good = self.launch, self.good
        if not self.has_data or launch is None or not launch.joins:
            return False
        return good is None or good.expected != launch.expected


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """One member's etcd process as its runtime sees it now."""

    running: bool
    pid: int | None = None
    uptime: float = 0.0
    """Seconds since the process was started; 0 when it is not running."""
    failure: str = ""
    """Why it is not running, with the last lines of its log, where it ended by itself."""

    @property
    def crashed(self) -> bool:
        """Etcd itself ended: the launcher's refusals, before any of etcd's words, say nothing of a configuration."""
        return not self.running and bool(self.failure) and not self.failure.startswith(NOT_STARTED)

    @property
    def removed(self) -> bool:
        """Etcd ended because its own cluster, or its peers, told it that it was removed."""
        return not self.running and REMOVED in self.failure


@dataclass(frozen=True, slots=True)
class Target:
    """What the desired document asks of this member's process, rendered for it."""

    configuration: str
    configuration_digest: str
    binary_sha256: str
    trusted: dict[str, tuple[str, ...]]
    """Use to the fingerprints of the authorities in its bundle."""


@dataclass(frozen=True, slots=True)
class ListedMember:
    """One entry of the linearizable member list."""

    member_id: int
    name: str
    peer_urls: tuple[str, ...]
    learner: bool
    client_urls: tuple[str, ...] = ()
    """Empty until the member has started once and published them."""


@dataclass(frozen=True, slots=True)
class EndpointFacts:
    """What one member answered through its own endpoint."""

    member_id: int
    cluster_id: int
    leader_id: int
    """0 where it knows no leader."""
    healthy: bool
    """A linearizable read through it succeeded, now and in the observation before (hysteresis)."""
    learner: bool = False
    term: int = 0
    raft_index: int = 0
    applied_index: int = 0
    revision: int = 0
    version: str = ""
    storage_version: str = ""
    database_bytes: int = 0
    database_in_use_bytes: int = 0
    quota_bytes: int = 0
    downgrading: str = ""
    """Target of a downgrade that is enabled; empty otherwise."""
    members: tuple[ListedMember, ...] | None = None
    """Member list as this endpoint's linearizable answer gave it."""


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """The live cluster. Slots that did not answer are absent from `endpoints`."""

    endpoints: dict[str, EndpointFacts]
    members: tuple[ListedMember, ...] | None = None
    """A linearizable member list; None while no quorum answers."""
    alarms: frozenset[tuple[int, str]] | None = None
    """(member ID, NOSPACE or CORRUPT); None where it could not be read."""
    cluster_version: str = ""
    """As this agent's own member knows it; empty where it does not answer, or has not decided."""


@dataclass(frozen=True, slots=True)
class PeerStatus:
    """Another agent's status, and what its changes prove; one that was just read for the first time proves nothing."""

    status: MemberStatus
    fresh: bool
    """It was seen to change within the observer's freshness bound."""
    silent: bool = False
    """It was seen not to change for the whole of that bound."""


@dataclass(frozen=True, slots=True)
class LockFacts:
    """The lock as this agent sees it."""

    record: LockRecord | None
    """None where it does not exist yet."""
    mine: bool = False
    """This agent holds it, by its own nonce, and its term has not run out since it was last written."""
    available: bool = False
    """It is free, or its nonce stayed unchanged for a whole term and its intent's deadline on this observer's clock."""
    left: bool = False
    """It names this agent, who does not hold it any more: its renewal failed, or its write landed late."""


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """What the channel holds; `None` from `observe` stands for an unreachable channel."""

    desired: Desired | None
    spec: ClusterSpec | None
    """The strict body; None where there is no document or this version cannot read it."""
    unreadable: str
    """Why the document could not be understood; empty otherwise."""
    formation: FormationRecord | None
    controls: Controls
    statuses: dict[str, PeerStatus]


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything one decision is based on."""

    slot: str
    wall: float
    """Seconds since the epoch, for the daily limit of replacements only."""
    volume: VolumeFacts | None
    memory: Memory
    process: ProcessFacts | None
    channel: ChannelFacts | None
    cluster: ClusterFacts
    lock: LockFacts
    target: Target | None = None
    """None until the document is readable and everything it names was delivered."""
    missing: tuple[str, ...] = ()
    """What `target` still waits for: credentials, program."""
    strangers: Mapping[str, str] | None = None
    """By name of the members that a migration is from: why they and this slot's member would not replicate, empty where
    they would; None where they were not asked, as once it has joined."""
    agent_version: str = ""
    """Of the agent that observed this."""
    template: str = ""
    """Digest of the pod that the member runs in; empty where it runs in none."""
    agent_template: str = ""
    """Digest of what the agent runs in, where that changes without the member's pod; else empty."""
    agent_apart: bool = False
    """The agent is in another pod than the member: etcd's program comes with the agent's."""
    agent_pod_taken_back: str = ""
    """Digest of the document whose image of the agent was taken back in this pod; empty where none was."""
    agent_pod_failure: str = ""
    """Why that was."""
    agent_failure: str = ""
    """Why the declared release of the agent was taken back; empty where it was not."""
    agent_awaited: str = ""
    """What is missing of the declared release on this machine; empty where nothing is."""
    agent_launched: bool = False
    """The agent was launched as the declared release, whatever version its program says."""
    termination: Termination = Termination.NONE
    ending: bool = False
    """The member's pod or machine is on its way out, though it may still serve."""
    settle_expired: bool = False
    """The member runs, and has not served a read for longer than its start may take."""
    settling: bool = False
    """A step of this agent takes the member down, or did, and it is neither healthy again nor out of time."""

    @property
    def voteless(self) -> bool:
        """The data has no vote, as far as is known: a learner's, or of a member that was removed."""
        removed = self.process is not None and self.process.removed
        return self.volume is not None and self.volume.has_data and (self.volume.joining or removed)
