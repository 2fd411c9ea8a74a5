"""What etcd answers, as plain values. IDs are integers, sizes are bytes; what 3.5 does not tell is marked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Header:
    """Who answered, and the key space's revision when it did."""

    cluster_id: int
    member_id: int
    revision: int
    raft_term: int


@dataclass(frozen=True, slots=True)
class EndpointStatus:
    """A member's own view of itself. It answers this without a quorum."""

    cluster_id: int
    member_id: int
    revision: int
    raft_term: int
    raft_index: int
    raft_applied_index: int
    leader_id: int
    """0 where the member knows of no leader."""
    version: str
    """Of the running program, such as 3.6.15."""
    db_size: int
    db_size_in_use: int
    db_quota: int
    """0 before 3.6, which does not tell."""
    is_learner: bool
    errors: tuple[str, ...]
    """Alarms, a missing leader and such, in etcd's words."""
    storage_version: str
    """Such as 3.6.0; empty before 3.6."""
    downgrade_enabled: bool
    downgrade_target: str
    """Such as 3.5.0; empty where no downgrade is enabled, and before 3.6."""


@dataclass(frozen=True, slots=True)
class MemberInfo:
    """An entry of the member list."""

    id: int
    name: str
    """Empty until the member has started for the first time."""
    peer_urls: tuple[str, ...]
    client_urls: tuple[str, ...]
    is_learner: bool


@dataclass(frozen=True, slots=True)
class MemberList:
    cluster_id: int
    members: tuple[MemberInfo, ...]


class AlarmKind(Enum):
    NOSPACE = 1
    CORRUPT = 2


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm that is raised for a member; ID 0 where etcd cannot tell which one is corrupt."""

    member_id: int
    kind: AlarmKind


@dataclass(frozen=True, slots=True)
class HashKv:
    """A hash over a member's keys and their history; comparable only at the same two revisions."""

    header: Header
    hash: int
    compact_revision: int
    """What the member's history was compacted to when hashing began; -1 where it never was."""
    hash_revision: int
    """The revision up to which was hashed; 0 before 3.6, which does not tell."""


class DowngradeAction(Enum):
    VALIDATE = "validate"
    ENABLE = "enable"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class KeyValue:
    key: bytes
    value: bytes
    create_revision: int
    mod_revision: int
    version: int
    """Writes since it was created; 1 after the first."""
    lease: int


@dataclass(frozen=True, slots=True)
class GetResult:
    header: Header
    entry: KeyValue | None


@dataclass(frozen=True, slots=True)
class RangeResult:
    header: Header
    entries: tuple[KeyValue, ...]
    count: int
    """Keys in the whole range, however many were returned."""
    more: bool


@dataclass(frozen=True, slots=True)
class DeleteResult:
    header: Header
    deleted: int


@dataclass(frozen=True, slots=True)
class SwapResult:
    """Whether the value was written, and, where not, what is there instead (None: nothing)."""

    header: Header
    swapped: bool
    current: KeyValue | None
