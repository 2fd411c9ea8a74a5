"""A replicated log, as small as it can be: entries know their past, so that two logs are compared by one pointer.

Models what agents can tell apart of go.etcd.io/raft and etcd's membership: terms, a quorum for every election and
commit, logs that only the most complete may lead, one configuration change at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

Line = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Peer:
    """A member as the log knows it."""

    member_id: int
    peer_url: str
    learner: bool = False
    name: str = ""
    """Empty until it has started."""
    client_url: str = ""


@dataclass(frozen=True, slots=True)
class Applied:
    """What a log amounts to once it is applied."""

    members: dict[int, Peer]
    removed: frozenset[int] = frozenset()
    version: Line | None = None
    downgrade: Line | None = None
    alarms: frozenset[tuple[int, str]] = frozenset()
    revision: int = 1
    size: int = 1 << 20
    voters: frozenset[int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "voters", frozenset(i for i, each in self.members.items() if not each.learner))

    def with_member(self, peer: Peer) -> Applied:
        return replace(self, members={**self.members, peer.member_id: peer})

    def without_member(self, member_id: int) -> Applied:
        members = {each: peer for each, peer in self.members.items() if each != member_id}
        alarms = frozenset(alarm for alarm in self.alarms if alarm[0] != member_id)
        return replace(self, members=members, removed=self.removed | {member_id}, alarms=alarms)


class Entry:
    """One entry (or a run of writes), with everything before it."""

    __slots__ = ("applied", "change", "index", "parent", "position", "term")

    def __init__(self, parent: Entry | None, term: int, applied: Applied, change: bool = False, weight: int = 1):
        self.parent, self.term, self.applied, self.change = parent, term, applied, change
        self.index: int = (parent.index if parent else 0) + weight
        self.position: int = (parent.position if parent else 0) + 1


def contains(log: Entry, entry: Entry) -> bool:
    """Whether `entry` is part of `log`."""
    each: Entry | None = log
    while each is not None and each.position > entry.position:
        each = each.parent
    return each is entry


def newer_or_equal(log: Entry, other: Entry) -> bool:
    """Raft's election restriction: who votes for `log` must not hold a more complete one."""
    return (log.term, log.index) >= (other.term, other.index)


class Data:
    """One member's data directory."""

    __slots__ = ("cluster_id", "commit", "incarnation", "last", "member_id", "storage", "term")

    def __init__(self, cluster_id: int, member_id: int, first: Entry, term: int = 1) -> None:
        self.cluster_id, self.member_id, self.term = cluster_id, member_id, term
        self.last = self.commit = first
        self.storage: Line | None = None
        self.incarnation = 1
        """Whose history this is; only the judge looks at it."""

    def copy(self) -> Data:
        twin = Data(self.cluster_id, self.member_id, self.last, self.term)
        twin.commit, twin.storage, twin.incarnation = self.commit, self.storage, self.incarnation
        return twin
