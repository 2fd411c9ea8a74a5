"""The status document that every agent publishes for its member."""

from __future__ import annotations

from enum import Enum

from pydantic import Field, ValidationError

from etcd_ops.model.document import Tolerant


class State(str, Enum):
    """What an agent makes of its member, in one word."""

    RUNNING = "RUNNING"
    WORKING = "WORKING"
    """A step is under way, or waits for its turn."""
    HELD = "HELD"
    """Nothing is done until something named in `reason` changes."""
    PAUSED = "PAUSED"
    FAILED = "FAILED"
    """The declared change was tried on this member and taken back."""
    NEEDS_APPROVAL = "NEEDS_APPROVAL"
    NEEDS_RECOVERY = "NEEDS_RECOVERY"
    FENCED = "FENCED"
    """Stopped for good in favour of a newer incarnation."""
    RETIRED = "RETIRED"


class Role(str, Enum):
    VOTER = "voter"
    LEARNER = "learner"
    NONE = "none"
    """Not in the member list, or not known."""


class OldEntries(str, Enum):
    """Whether a member's raft log holds entries as etcd 3.5 writes them, which 3.7 cannot read."""

    NONE = "none"
    """Nowhere that matters any more."""
    COVERED = "covered"
    """Behind a snapshot: its own start does not replay them, but members that join may still be sent them."""
    UNCOVERED = "uncovered"
    """Its next start replays them."""


class StepReport(Tolerant):
    """A step, whom it is about, and why it is taken."""

    kind: str
    target: str = ""
    reason: str = ""


class CertificateReport(Tolerant):
    fingerprint: str
    not_after: float
    """Seconds since the epoch."""


class FailedChange(Tolerant):
    """A configuration that this member could not start with; not tried again until another is declared."""

    digest: str
    """Digest of the desired document."""
    reason: str


class Attestation(Tolerant):
    """The owner's word that a member's data is gone for good: its ID may be removed."""

    volume_id: str
    member_id: int
    incarnation: int


class Highest(Tolerant):
    """The highest values an agent has ever seen; kept on its volume."""

    generation: int = 0
    digest: str = ""
    epoch: int = 0
    incarnation: int = 0


class MemberStatus(Tolerant):
    """One member, as its agent sees it."""

    format: int = 1
    slot: str
    zone: str
    boot_id: str
    """Fresh at every start of the agent."""
    sequence: int
    """Rises by one with every publication since `boot_id`."""
    agent_version: str
    agent_template: str = ""
    """Digest of what the agent runs in, where that changes without the member's pod."""
    ending: bool = False
    """The member's pod or machine is on its way out, though it may still serve: nobody counts on it."""
    generation: int = 0
    """Of the newest desired document this agent has read."""
    seen_digest: str = ""
    """Digest of that document."""
    digest: str = ""
    """Digest of the newest document that is fully applied on this member; empty until one is."""
    incarnation: int = 0
    highest: Highest = Highest()
    state: State
    reason: str = ""
    step: StepReport | None = None
    """What is to be done right now; None while there is nothing to do."""
    last_step: StepReport | None = None
    """The newest one that was carried out, the agent's bookkeeping aside."""
    failed: FailedChange | None = None
    refused: FailedChange | None = None
    """The desired document that this agent does not act on, because it may not follow, and why."""
    attestation: Attestation | None = None
    origin: tuple[str, ...] | None = None
    """Names of the voters that a migration is from, as a quorum lists them; None where none is declared, or no quorum
    answers."""
    strangers: dict[str, str] | None = None
    """By name of the members that a migration is from: why this member and they would not replicate, empty where they
    would; None where they were not asked, as once it has joined."""
    fence: int = 0
    """Incarnation below which this member's volume will never serve again."""
    role: Role = Role.NONE
    healthy: bool = False
    leader: bool = False
    member_id: int | None = None
    cluster_id: int | None = None
    version: str = ""
    cluster_version: str = ""
    storage_version: str = ""
    revision: int = 0
    raft_index: int = 0
    applied_lag: int = 0
    """Raft entries between what is committed and what this member has applied."""
    database_bytes: int = 0
    database_in_use_bytes: int = 0
    quota_bytes: int = 0
    alarms: tuple[str, ...] = ()
    old_entries: OldEntries | None = None
    """None where nobody asked for it: only before a version that cannot read them."""
    running_configuration: str = ""
    """Digest of the configuration the process was started with."""
    restart_pending: bool = False
    """It runs with another configuration or program than is declared."""
    certificates: dict[str, CertificateReport] = Field(default_factory=dict)
    """By use: peer, server, metrics."""
    trusted: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """By use: fingerprints of the authorities that the process believes, or will believe where it is stopped."""
    volume_id: str = ""
    volume_marked: bool = False
    has_data: bool = False
    voteless: bool = False
    """Its data has no vote, as far as is known: a learner's that was never healthy, or of a member that was removed."""
    gate_allowed: bool = False
    gate_reasons: tuple[str, ...] = ()
    """Verdict on taking this member down now."""

    @property
    def empty(self) -> bool:
        """Its volume was looked at, and certainly holds no data; one that cannot be read may hold some."""
        return self.volume_marked and not self.has_data


def read_status(data: bytes) -> MemberStatus | None:
    """The status in an object of a channel; None where it cannot be read, as where a member published none."""
    try:
        return MemberStatus.decode(data)
    except ValidationError:
        return None
