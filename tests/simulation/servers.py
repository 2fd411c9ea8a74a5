"""Running etcd processes that elect leaders and replicate, over a network that can be cut."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import Protocol

from tests.simulation.raft import Applied, Data, Entry, Line, contains, newer_or_equal

TICK = 1.0
"""Seconds between two looks of the members at each other: about an election timeout."""


class Server:
    """One running etcd process."""

    __slots__ = (
        "client_url",
        "clients",
        "data",
        "known_leader",
        "leads",
        "line",
        "missed",
        "name",
        "progress",
        "proved",
        "quota",
        "serving_from",
        "slot",
        "sync_at",
        "trusted",
        "version",
    )

    def __init__(self, slot: str, name: str, client_url: str, data: Data, version: str, quota: int) -> None:
        self.slot, self.name, self.client_url, self.data = slot, name, client_url, data
        self.version, self.quota = version, quota
        self.line: Line = (int(version.split(".", maxsplit=1)[0]), int(version.split(".")[1]))
        self.trusted: frozenset[str] = frozenset()
        """Peer authorities in the bundle it was started with."""
        self.clients: frozenset[str] = frozenset()
        """Client authorities in the bundle it was started with."""
        self.serving_from = 0.0
        self.sync_at = 0.0
        """Until then it receives no entries: a follower that lags, or one that loads a snapshot."""
        self.leads = False
        self.known_leader = 0
        self.missed = 0
        self.proved: tuple[object, ...] = ()
        """What was so when it served a read last: another one at once needs no other proof."""
        self.progress: dict[int, int] = {}
        """A leader's knowledge: member ID to the last index known to be there."""

    @property
    def member_id(self) -> int:
        return self.data.member_id

    @property
    def config(self) -> Applied:
        return self.data.commit.applied


class Surroundings(Protocol):
    """What a process finds around it."""

    @property
    def cuts(self) -> Mapping[frozenset[str], bool]: ...
    def now(self) -> float: ...
    def linked(self, one: str, other: str) -> bool: ...
    def linked_since(self, one: str, other: str) -> float: ...
    def peer_issuer(self, slot: str) -> str: ...
    def ended(self, server: Server, why: str) -> None: ...
    def committed(self, server: Server, before: Entry) -> None: ...
    def forked(self, server: Server, why: str) -> None: ...


class Ensemble:
    """All running etcd processes of the world."""

    def __init__(self, world: Surroundings, random: Random) -> None:
        self.world, self.random = world, random
        self.servers: dict[str, Server] = {}
        self.era = 0
        """Raised whenever somebody comes, goes, is cut off, stops to lead, writes or presents another certificate."""
        self._contacts: dict[str, list[Server]] = {}
        self._known_at = (-1.0, -1)
        """Time and era that `_contacts` are of."""

    def come(self, server: Server) -> None:
        """A process starts."""
        self.servers[server.slot] = server
        self.era += 1

    def go(self, server: Server) -> None:
        """A process ends."""
        self.servers.pop(server.slot, None)
        self.era += 1

    def serving(self, server: Server) -> bool:
        return server.serving_from <= self.world.now()

    def contacts(self, server: Server) -> list[Server]:
        """Whoever serves, and receives messages of `server` and answers them: asked more often than anything else."""
        at = (self.world.now(), self.era)
        if at != self._known_at:
            self._known_at, self._contacts = at, {}
        if server.slot not in self._contacts:
            self._contacts[server.slot] = self._reached(server)
        return self._contacts[server.slot]

    def _reached(self, server: Server) -> list[Server]:
        world, now = self.world, self.world.now()
        if len(self.servers) < 2 or server.serving_from > now:
            return []
        slot, cluster_id, trusted = server.slot, server.data.cluster_id, server.trusted
        issuer = world.peer_issuer(slot)
        found = [
            each
            for each in self.servers.values()
            if each is not server
            and each.serving_from <= now
            and each.data.cluster_id == cluster_id
            and issuer in each.trusted
            and world.peer_issuer(each.slot) in trusted
        ]
        return [each for each in found if world.linked(slot, each.slot)] if world.cuts else found

    def by_id(self, server: Server, member_id: int) -> Server | None:
        """The process of `member_id` in the cluster of `server`, as far as `server` reaches it."""
        if server.member_id == member_id:
            return server
        return next((each for each in self.contacts(server) if each.member_id == member_id), None)

    def has_quorum(self, leader: Server) -> bool:
        """A quorum of the leader's voters answers it, and none of them knows a newer term."""
        config, voting = leader.config, 0
        if not self.serving(leader):
            return False
        for each in (leader, *self.contacts(leader)):
            if each.data.term > leader.data.term and each.member_id in config.members:
                return False
            voting += each.member_id in config.voters
        return voting >= len(config.voters) // 2 + 1

    def commits(self, leader: Server) -> bool:
        """A quorum follows the leader, and has what it wrote since it leads: before that it answers no read."""
        return leader.data.commit.term == leader.data.term and self.has_quorum(leader)

    def leader_of(self, server: Server) -> Server | None:
        """The leader that `server` would forward to."""
        if not self.serving(server):
            return None
        if server.leads:
            return server
        leader = self.by_id(server, server.known_leader) if server.known_leader else None
        return leader if leader is not None and leader.leads and leader.data.term >= server.data.term else None

    def propose(
        self, leader: Server, change: Callable[[Applied], Applied], *, conf: bool = False, weight: int = 1
    ) -> Entry:
        """Append an entry and replicate it; it is committed if a quorum has it now."""
        last = leader.data.last
        entry = Entry(last, leader.data.term, change(last.applied), conf, weight)
        leader.data.last = entry
        self.era += 1
        self.replicate(leader)
        return entry

    def replicate(self, leader: Server) -> None:
        """Send everything to everybody who can be reached, and commit what a quorum has."""
        config, now, matched, log = leader.config, self.world.now(), 0, leader.data.last
        followers = []
        for each in self.contacts(leader):
            if each.member_id not in config.members:
                continue
            if each.data.term > leader.data.term:
                return self._step_down(leader, each.data.term)
            self._follow(each, leader)
            if each.sync_at > now or not self._append(each, leader):
                continue
            followers.append(each)
            matched += each.member_id in config.voters
        matched += leader.member_id in config.voters
        leader.progress[leader.member_id] = log.index
        if log.term == leader.data.term and matched >= len(config.voters) // 2 + 1:
            self._commit(leader, log)
        for each in followers:
            self._commit(each, leader.data.commit)
        return None

    def _follow(self, server: Server, leader: Server) -> None:
        server.data.term = leader.data.term
        server.leads = False
        server.known_leader = leader.member_id

    def _append(self, server: Server, leader: Server) -> bool:
        if server.data.last is not leader.data.last:
            if not contains(leader.data.last, server.data.commit):
                self.world.forked(server, f"{leader.slot} leads without entries that {server.slot} has committed")
                return False
            server.data.last = leader.data.last
        leader.progress[server.member_id] = leader.data.last.index
        return True

    def _commit(self, server: Server, entry: Entry) -> None:
        before = server.data.commit
        if before is entry or before.position >= entry.position:
            return
        server.data.commit = entry
        self.world.committed(server, before)
        if server.member_id in entry.applied.removed and server.slot in self.servers:
            self.world.ended(server, "the member has been permanently removed from the cluster")

    def _step_down(self, server: Server, term: int) -> None:
        self.era += 1
        server.leads, server.known_leader, server.missed = False, 0, 0
        server.data.term = max(server.data.term, term)

    def tick(self) -> None:
        """Everything that members do by themselves, once."""
        order = list(self.servers.values())
        self.random.shuffle(order)
        for server in order:
            if self.serving(server) and self.servers.get(server.slot) is server:
                self._tick(server)

    def _tick(self, server: Server) -> None:
        if any(server.member_id in each.config.removed for each in self.contacts(server)):
            self.world.ended(server, "the member has been permanently removed from the cluster")
        elif server.leads:
            self._lead(server)
        elif self.leader_of(server) is None or not self._hears(server):
            server.known_leader = 0
            self.campaign(server)
        if server.line >= (3, 6) and (version := server.config.version) is not None:
            server.data.storage = version

    def _hears(self, server: Server) -> bool:
        """Its leader still counts it as a member and has a quorum."""
        leader = self.leader_of(server)
        return leader is not None and server.member_id in leader.config.members and self.has_quorum(leader)

    def campaign(self, server: Server, *, transferred: bool = False) -> bool:
        """Stand for election; with pre-vote, so that voters who hear a leader refuse."""
        config = server.config
        if server.member_id not in config.voters:
            return False
        terms, votes = [server.data.term], 1
        for each in self.contacts(server):
            if each.member_id not in config.voters:
                continue
            terms.append(each.data.term)
            content = transferred or not self._hears(each)
            votes += content and newer_or_equal(server.data.last, each.data.last)
        if votes < len(config.voters) // 2 + 1:
            return False
        for each in self.contacts(server):
            if each.leads and each.member_id in config.members:
                self._step_down(each, max(terms) + 1)
        server.data.term = max(terms) + 1
        server.leads, server.known_leader, server.missed, server.progress = True, server.member_id, 0, {}
        self.propose(server, lambda applied: applied)
        return True

    def _lead(self, leader: Server) -> None:
        if not self.has_quorum(leader):
            leader.missed += 1
            if leader.missed > 1:
                self._step_down(leader, leader.data.term)
            return
        leader.missed = 0
        self.replicate(leader)
        if leader.leads and self.servers.get(leader.slot) is leader and leader.data.commit is leader.data.last:
            self._publish(leader)
            self._watch_versions(leader)

    def _publish(self, leader: Server) -> None:
        """Members that started for the first time tell their name and client URL."""
        for each in (leader, *self.contacts(leader)):
            peer = leader.config.members.get(each.member_id)
            if peer is not None and (peer.name, peer.client_url) != (each.name, each.client_url):
                told = replace(peer, name=each.name, client_url=each.client_url)
                self.propose(leader, lambda applied, told=told: applied.with_member(told))  # type: ignore[misc]

    def _watch_versions(self, leader: Server) -> None:
        """What etcd's version monitor does (server/etcdserver/version/monitor.go of 3.7.2)."""
        applied = leader.config
        lines = {each.member_id: each.line for each in (leader, *self.contacts(leader))}
        if not set(applied.members) <= set(lines):
            return
        lowest = min(lines[member] for member in applied.members)
        if applied.version is None:
            self._set_version(leader, lowest)
        elif applied.downgrade is not None:
            if applied.version != applied.downgrade:
                self._set_version(leader, applied.downgrade)
            elif all(lines[member] == applied.downgrade for member in applied.members):
                self.propose(leader, lambda each: replace(each, downgrade=None))
        elif applied.version < lowest:
            self._set_version(leader, lowest)

    def _set_version(self, leader: Server, line: Line) -> None:
        self.propose(leader, lambda applied: replace(applied, version=line))
