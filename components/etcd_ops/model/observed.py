"""What is known of a live cluster when a new declaration is judged. Everything may be unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from etcd_ops.model.versions import Running

_UNOBSERVED = Running(cluster=None)


@dataclass(frozen=True, slots=True)
class Observed:
    """Facts about a cluster; None, and whatever a mapping lacks, is unknown."""

    formed: bool | None = None
    """False only when none of its members was ever started: there is no formation record, or it is closed."""
    forming: bool = False
    """Its formation record is open: nobody has recorded yet that a quorum of the founders serves."""
    quorum: bool | None = None
    """Whether a quorum of voters is proven healthy."""
    running: Running = _UNOBSERVED
    """The versions of its members."""
    members: frozenset[str] | None = None
    """Slots in etcd's member list."""
    origin: frozenset[str] | None = None
    """Names of the voters that a migration is from, as a quorum lists them."""
    joined: bool | None = None
    """Whether somebody else formed the cluster, and declared members joined it."""
    learners: int | None = None
    """How many of them are learners."""
    database_bytes: int | None = None
    """Size of the largest member's database file."""
    incarnation: int | None = None
    """Of the formation record: the one that exists, whatever is declared."""
    believed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By domain (peer, client, metrics): fingerprints of the authorities that every running process believes."""
    known: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By domain: fingerprints of the authorities that some member believes, declared any more or not."""
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By slot: the peer URLs under which its member is listed, or was started on a volume that is not deleted."""
