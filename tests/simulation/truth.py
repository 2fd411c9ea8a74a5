"""The judge: knows what is really so, and notes whatever must never happen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etcd_ops.model.gate import PROMOTION_LAG_BOUND, quorum
from tests.simulation.hosts import Disk, Host
from tests.simulation.raft import Applied, Data, Entry, contains
from tests.simulation.servers import Server

if TYPE_CHECKING:
    from tests.simulation.world import World

BELIEVABLE = 12.0
"""Seconds for which an agent may take a member for healthy that no longer is: the age that its facts may have when
it begins a step (`Pace.stale`), the announcement, the step's own time, and a tick."""
REGAINED = 6.0
"""Seconds for which an agent may act as if there were still no quorum: the age of its facts, and its observation."""
STALE = 10.0
"""Seconds for which an agent may go on as if the volume were the one it looked at."""
DECLARED = 20.0
"""Seconds after which everybody knows what is declared."""


class Window:
    """A disruptive effect that somebody has begun."""

    __slots__ = ("kind", "slot", "until")

    def __init__(self, slot: str, kind: str, until: float) -> None:
        self.slot, self.kind, self.until = slot, kind, until


class Truth:
    """Invariants, checked where something happens."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.problems: list[str] = []
        self.canon: Entry | None = None
        """Everything that was ever committed, in order."""
        self.cluster_id = 0
        self.token = ""
        """Of the forming in which the first write was committed."""
        self.incarnation = 1
        self.ordered = 1
        """The newest incarnation that an operator ordered."""
        self.seen: dict[int, float] = {}
        """Member ID to when it was last truly healthy."""
        self.met: dict[int, float] = {}
        """Member ID to when it was last in contact with a leader, and caught up."""
        self.without_quorum = 0.0
        """When nobody led with a quorum last."""
        self.windows: list[Window] = []
        self.declared: list[tuple[float, frozenset[str]]] = []
        """What was declared when."""
        self.quiet_since: float | None = None
        """Since when the cluster is to be left alone: paused, or observed only."""
        self.replaced: set[int] = set()
        """Members that their own agents removed unasked, because their disks were lost."""

    def wrong(self, text: str) -> None:
        self.problems.append(text)
        self.world.note(f"VIOLATION {text}")

    # What was committed stays committed.

    def committed(self, server: Server) -> None:
        entry = server.data.commit
        if self.canon is None:
            self.canon, self.cluster_id = entry, server.data.cluster_id
            self.incarnation = self.ordered = server.data.incarnation
            record = self.world.formation()
            self.token = record.token if record is not None else ""
        elif contains(entry, self.canon):
            self.canon = entry
        elif not contains(self.canon, entry):
            self.wrong(f"two histories: {server.slot} of incarnation {server.data.incarnation} commits another one")

    def served(self, server: Server) -> None:
        """A linearizable read was answered."""
        if self.canon is not None and not contains(server.data.commit, self.canon):
            self.wrong(f"{server.slot} serves a linearizable read without a write that was acknowledged before")

    def forced(self, data: Data) -> None:
        """A new incarnation was made of `data`."""
        if data.incarnation > self.ordered or data.incarnation <= self.incarnation:
            self.wrong(f"incarnation {data.incarnation} was made, {self.ordered} was ordered")
        own = data.commit.applied.members.get(data.member_id)
        if own is not None and own.learner:
            self.wrong(f"incarnation {data.incarnation} was made of a learner's data, and has no voter")
        self.canon, self.incarnation = data.commit, data.incarnation

    # What an agent sends is judged by what was true when it was sent.

    @property
    def applied(self) -> Applied:
        return self.canon.applied if self.canon is not None else Applied({})

    def tick(self) -> None:
        now, ensemble = self.world.now(), self.world.ensemble
        if not self.world.is_quiet():
            self.quiet_since = None
        elif self.quiet_since is None:
            self.quiet_since = now
        if not any(server.leads and ensemble.commits(server) for server in ensemble.servers.values()):
            self.without_quorum = now
        for server in ensemble.servers.values():
            leader = ensemble.leader_of(server)
            if leader is not None and server.data.commit is leader.data.commit and ensemble.commits(leader):
                self.seen[server.member_id] = now
            if leader is not None and server.data.commit.index + PROMOTION_LAG_BOUND >= leader.data.commit.index:
                self.met[server.member_id] = now

    def believable(self) -> frozenset[int]:
        """Voters that an agent may still take for healthy."""
        since = self.world.now() - BELIEVABLE
        return frozenset(each for each in self.applied.voters if self.seen.get(each, 0.0) >= since)

    def take_down(self, host: Host) -> Window:
        self.tick()
        self._judge_quiet(host, "stops etcd")
        server = self.world.ensemble.servers.get(host.slot)
        if server is not None and server.data.incarnation == self.incarnation:
            self._judge_stop(host, server.member_id)
        given_up = self.ordered > self.incarnation
        serves = server is not None and self.world.ensemble.serving(server)
        if given_up or server is None or not serves or server.member_id not in self.applied.voters:
            # Nobody counts on a member that is down, deaf, removed or a learner, or on any of an incarnation that is to
            # end.
            return Window(host.slot, "stop", 0.0)
        return self._disrupt(host, "stop", self.world.now() + 60.0)

    def _judge_stop(self, host: Host, member_id: int) -> None:
        voters, healthy = self.applied.voters, self.believable()
        needed = quorum(len(voters))
        if member_id not in voters or len(healthy) < needed or len(healthy - {member_id}) >= needed:
            return
        if len(voters) <= 2 and self.world.allow_outage:
            return
        if self.ordered > self.incarnation or self.world.now() - self.without_quorum < REGAINED:
            return
        self.wrong(f"{host.slot} stops itself, and {len(healthy) - 1} of {len(voters)} voters are left")

    def change_members(self, host: Host, kind: str, member_id: int, timeout: float) -> Window:
        self.tick()
        self._judge_quiet(host, f"sends {kind}")
        voters, healthy = self.applied.voters, self.believable()
        if kind == "remove":
            self._judge_removal(host, member_id)
            self._judge_migration(host, member_id)
            self._judge_replacement(host, member_id)
            self._judge_rest(host, kind, voters, voters - {member_id}, healthy - {member_id})
        if kind == "promote":
            since = self.world.now() - BELIEVABLE
            joining = {member_id} if self.met.get(member_id, 0.0) >= since else set()
            self._judge_rest(host, kind, voters, voters | {member_id}, healthy | joining)
        return self._disrupt(host, kind, self.world.now() + timeout)

    def _judge_rest(
        self, host: Host, kind: str, before: frozenset[int], after: frozenset[int], healthy: frozenset[int]
    ) -> None:
        if len(self.believable()) >= quorum(len(before)) and len(healthy) < quorum(len(after)):
            self.wrong(f"{host.slot} sends {kind}, after which {len(healthy)} of {len(after)} voters are healthy")

    def _judge_removal(self, host: Host, member_id: int) -> None:
        if member_id not in self.applied.voters:
            return
        for owner in self.world.hosts.values():
            if owner.slot in self._surely_declared() and self._keeps(owner, member_id):
                self.wrong(f"{host.slot} removes {owner.slot}, which is declared and whose data is intact")

    def _judge_migration(self, host: Host, member_id: int) -> None:
        """Neither side goes before the other one can stand in for it."""
        members = self.applied.members
        if member_id not in self.applied.voters or not self.world.origin:
            return
        ids = {self.world.slot_of_peer[each.peer_url]: each.member_id for each in members.values()}
        if self.world.slot_of_peer[members[member_id].peer_url] not in self.world.origin:
            self._judge_leaving(host, member_id, {ids.get(slot, 0) for slot in self.world.origin})
            return
        lacking = sorted(slot for slot in self._surely_declared() if ids.get(slot, 0) not in self.believable())
        if lacking:
            self.wrong(f"{host.slot} removes a member of the origin, and {', '.join(lacking)} do not stand in for it")

    def _judge_leaving(self, host: Host, member_id: int, origin: set[int]) -> None:
        """A declared member whose data is intact only leaves an origin that is complete."""
        intact = any(self._keeps(owner, member_id) for owner in self.world.hosts.values())
        if intact and not origin <= self.applied.voters:
            self.wrong(f"{host.slot} removes {member_id:x}, which was to stay, from an origin that is not complete")

    def _judge_quiet(self, host: Host, what: str) -> None:
        if self.quiet_since is not None and self.world.now() - self.quiet_since > BELIEVABLE:
            self.wrong(f"{host.slot} {what} though the cluster is to be left alone")

    def _judge_replacement(self, host: Host, member_id: int) -> None:
        """More members are replaced in a day than was declared, and nobody approved it. No schedule lasts a day."""
        if member_id not in self.applied.voters or self.world.replacement_excused(host, self.applied, member_id):
            return
        self.replaced.add(member_id)
        if len(self.replaced) > self.world.replacements:
            self.wrong(
                f"{host.slot} is one of {len(self.replaced)} replacements, {self.world.replacements} are allowed"
            )

    def holds(self, disk: Disk, member_id: int) -> bool:
        """The disk has the data of this member of the cluster as it is now."""
        data = disk.data
        return (
            data is not None
            and data.member_id == member_id
            and data.cluster_id == self.cluster_id
            and data.incarnation == self.incarnation
        )

    def _keeps(self, owner: Host, member_id: int) -> bool:
        """The member's data is on one of the slot's disks, or stands beside the one whose place other data took."""
        displaced = owner.displaced is not None and owner.displaced[1].member_id == member_id
        return displaced or any(self.holds(disk, member_id) for disk in owner.disks())

    def _surely_declared(self) -> frozenset[str]:
        """Declared now, and for so long that every agent had to know."""
        since = self.world.now() - DECLARED
        known = self.declared[-1][1] if self.declared else frozenset()
        for until, slots in zip(
            [time for time, _ in self.declared[1:]], [slots for _, slots in self.declared], strict=False
        ):
            if until >= since:
                known &= slots
        return known

    def _disrupt(self, host: Host, kind: str, until: float) -> Window:
        now = self.world.now()
        self.windows = [each for each in self.windows if each.until > now]
        for other in self.windows:
            if other.slot != host.slot:
                self.wrong(f"{host.slot} sends {kind} while {other.slot} is at {other.kind}")
        window = Window(host.slot, kind, until)
        self.windows.append(window)
        return window

    def over(self, window: Window) -> None:
        window.until = min(window.until, self.world.now())

    def goes_off(self, host: Host) -> None:
        """What was to take its member down can take nothing down any more: a kubelet starts no pod that is to go."""
        for window in self.windows:
            if window.slot == host.slot and window.kind == "stop":
                self.over(window)

    def sets_aside(self, host: Host) -> None:
        data = host.disk.data
        if data is not None and self.holds(host.disk, data.member_id) and data.member_id in self.applied.voters:
            self.wrong(f"{host.slot} sets the data of a voter aside")

    def writes_volume(self, host: Host, what: str) -> None:
        if not host.disk.marked and self.world.now() - host.swapped_at > STALE:
            self.wrong(f"{host.slot} writes {what} to a volume that is not certainly its own")

    def switches_leaf(self, host: Host, use: str, fingerprint: str) -> None:
        """No member that is connected now may be cut off by another certificate."""
        world, server = self.world, self.world.ensemble.servers.get(host.slot)
        if use != "peer" or server is None:
            return
        for other in world.ensemble.contacts(server):
            if self.canon is not None and other.member_id not in self.applied.members:
                continue  # it was removed, and only does not know it yet
            if world.issuer_of(fingerprint) not in other.trusted:
                self.wrong(f"{host.slot} presents a certificate that {other.slot} does not trust")
