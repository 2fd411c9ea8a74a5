"""Moving a cluster over from members that somebody else runs: which single change comes next. Pure.

Agents take the changes, each under the lock and through the safety gate, and `etcd-ops migrate plan` tells them
beforehand: both by `next_move`. Members that join are brought in by their own agents, everything else by any.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from etcd_ops.model.facts import ClusterFacts, EndpointFacts, ListedMember
from etcd_ops.model.gate import healthy_voters
from etcd_ops.model.spec import ClusterSpec, MigrationPhase, MigrationSpec


class MoveKind(str, Enum):
    ADD = "add"
    """As a learner."""
    PROMOTE = "promote"
    HAND_OVER = "hand-over"
    """The leadership, to the member that the move is about."""
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Move:
    """One change of the membership or the leadership."""

    kind: MoveKind
    name: str
    """The slot, or the origin's member, that it is about."""
    member_id: int = 0
    """0 for one that is yet to be added."""
    peer_url: str = ""
    """Of one that is to be added."""


@dataclass(frozen=True, slots=True)
class Next:
    """What comes next: a move, or why there is none; nothing at all where the phase is complete."""

    move: Move | None = None
    waits: str = ""
    """What agents wait for."""
    holds: str = ""
    """What an operator has to do first."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Who is who in a member list."""

    ours: Mapping[str, ListedMember]
    """By slot, declared or dropped."""
    origin: Mapping[str, ListedMember]
    """By the name in the declaration."""
    strangers: tuple[ListedMember, ...] = ()
    """Neither."""


def sides(spec: ClusterSpec, members: Iterable[ListedMember], dropped: Mapping[str, str] | None = None) -> Sides:
    """Tell members apart by their peer URLs.

    Args:
        spec: what is declared.
        members: the member list.
        dropped: by slot that is not declared any more: its peer URL.
    """
    ours = {**(dropped or {}), **{slot: member.peer_url for slot, member in spec.members.items()}}
    named = {name: each.peer_url for name, each in spec.migration.members.items()} if spec.migration else {}
    found: tuple[dict[str, ListedMember], dict[str, ListedMember]] = ({}, {})
    strangers = []
    for each in members:
        slot, name = _name_of(each, ours), _name_of(each, named)
        if slot is not None:
            found[0][slot] = each
        elif name is not None:
            found[1][name] = each
        else:
            strangers.append(each)
    return Sides(found[0], found[1], tuple(strangers))


def _name_of(listed: ListedMember, urls: Mapping[str, str]) -> str | None:
    return next((name for name, url in urls.items() if url in listed.peer_urls), None)


def origin_name(spec: ClusterSpec, listed: ListedMember) -> str | None:
    """The name of the origin's member that an entry of the member list is of; None for another's."""
    members = spec.migration.members if spec.migration else {}
    return _name_of(listed, {name: each.peer_url for name, each in members.items()})


def origin_voters(spec: ClusterSpec, members: Iterable[ListedMember] | None) -> tuple[str, ...] | None:
    """Names of the origin's voters; None where no migration is declared, or nobody knows the members."""
    if spec.migration is None or members is None:
        return None
    return tuple(sorted(name for name, each in sides(spec, members).origin.items() if not each.learner))


def origin_urls(spec: ClusterSpec | None) -> dict[str, str]:
    """By name: where the origin's members answer clients."""
    migration = spec.migration if spec is not None else None
    return {name: each.client_url for name, each in migration.members.items()} if migration is not None else {}


def next_move(spec: ClusterSpec, cluster: ClusterFacts, dropped: Mapping[str, str] | None = None) -> Next:
    """What a declared migration needs next.

    Args:
        spec: what is declared, a migration among it.
        cluster: the live cluster, with its origin's members under their names.
        dropped: by slot that is not declared any more: its peer URL.
    """
    migration = spec.migration
    if migration is None or cluster.members is None:
        return Next(waits="no quorum of the cluster answers" if migration is not None else "")
    standing = _Standing(spec, migration, cluster, sides(spec, cluster.members, dropped))
    return {
        MigrationPhase.JOIN: _joining,
        MigrationPhase.TAKE_OVER: _taking_over,
        MigrationPhase.RETURN: _returning,
        MigrationPhase.LEAVE: _leaving,
    }[migration.phase](standing)


@dataclass(frozen=True, slots=True)
class _Standing:
    spec: ClusterSpec
    migration: MigrationSpec
    cluster: ClusterFacts
    sides: Sides

    @property
    def healthy(self) -> frozenset[int]:
        return healthy_voters(self.cluster)

    @property
    def leader(self) -> int:
        return next((each.leader_id for each in self.cluster.endpoints.values() if each.healthy), 0)


def _joining(this: _Standing) -> Next:
    return _brought_in({slot: each.peer_url for slot, each in this.spec.members.items()}, this.sides.ours)


def _brought_in(wanted: Mapping[str, str], listed: Mapping[str, ListedMember]) -> Next:
    """One at a time: who is a learner already makes room for the next one by its promotion."""
    for name in sorted(wanted.keys() & listed.keys()):
        if listed[name].learner:
            return Next(Move(MoveKind.PROMOTE, name, listed[name].member_id))
    for name in sorted(wanted.keys() - listed.keys()):
        return Next(Move(MoveKind.ADD, name, peer_url=wanted[name]))
    return Next()


def _taking_over(this: _Standing) -> Next:
    """No member of the origin goes before every declared one is a healthy voter."""
    if (joining := _joining(this)).move is not None:
        return joining
    ours = {slot: this.sides.ours[slot] for slot in this.spec.members}
    leaving = {name: each for name, each in this.sides.origin.items() if name not in this.migration.keep}
    if not leaving:
        return _alone(this)
    if ailing := sorted(slot for slot, each in ours.items() if each.member_id not in this.healthy):
        return Next(waits=f"the origin's members stay until {', '.join(ailing)} are healthy")
    if this.leader not in {each.member_id for each in ours.values()}:
        return _handed_over(this, ours)
    return Next(_removed(this, leaving))


def _alone(this: _Standing) -> Next:
    if not this.sides.strangers or this.migration.keep:
        return Next()
    return Next(holds=f"{_named(this.sides.strangers)} are members, too: name them in migration.members")


def _returning(this: _Standing) -> Next:
    return _brought_in({name: each.peer_url for name, each in this.migration.members.items()}, this.sides.origin)


def _leaving(this: _Standing) -> Next:
    """No declared member goes before the origin is complete."""
    if not this.sides.ours:
        return Next()
    voters = {name: each for name, each in this.sides.origin.items() if not each.learner}
    if missing := sorted(this.migration.members.keys() - voters.keys()):
        remedy = "bring them back with phase return first, or take them out of migration.members"
        return Next(holds=f"{', '.join(missing)} of the origin are no voters: {remedy}")
    if this.leader in {each.member_id for each in this.sides.ours.values()}:
        return _handed_over(this, voters)
    return Next(_removed(this, this.sides.ours))


def _handed_over(this: _Standing, to: Mapping[str, ListedMember]) -> Next:
    """To the healthy one that is least behind."""
    lag = {facts.member_id: _lag(facts) for facts in this.cluster.endpoints.values()}
    able = [(lag.get(each.member_id, 0), name) for name, each in to.items() if each.member_id in this.healthy]
    if not able:
        return Next(waits="waits for a healthy member that may lead")
    _, name = min(able)
    return Next(Move(MoveKind.HAND_OVER, name, to[name].member_id))


def _lag(facts: EndpointFacts) -> int:
    return facts.raft_index - facts.applied_index


def _removed(this: _Standing, leaving: Mapping[str, ListedMember]) -> Move:
    """Unhealthy ones first."""
    name = min(leaving, key=lambda each: (leaving[each].member_id in this.healthy, each))
    return Move(MoveKind.REMOVE, name, leaving[name].member_id)


def _named(members: Iterable[ListedMember]) -> str:
    return ", ".join(_texts(members))


def _texts(members: Iterable[ListedMember]) -> Iterator[str]:
    for each in members:
        yield each.name or f"{each.member_id:x}"
