"""What one etcd process answers, with the checks that etcd itself makes.

Sources: go.etcd.io/etcd/server/v3 v3.7.2, etcdserver/server.go (mayAddMember, mayRemoveMember, mayPromoteMember,
isLearnerReady, MoveLeader), etcdserver/util.go, etcdserver/api/membership/cluster.go (IsReadyTo...,
ValidateConfigurationChange), etcdserver/version (downgrade).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from etcd_ops.etcd import Alarm, AlarmKind, DowngradeAction, EndpointStatus, Header, MemberInfo, MemberList, Reason
from tests.simulation.raft import Applied, Line, Peer
from tests.simulation.servers import Ensemble, Server

HEALTH_INTERVAL = 5.0
"""Seconds that a connection must have lasted before etcd counts it in a reconfiguration."""
READY_SHARE = 0.9
"""Of the leader's index that a learner must have (readyPercentThreshold)."""


class Denied(Exception):
    """etcd answers that it does not do this, before anything is proposed."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class NoAnswer(Exception):
    """No answer in time. A write may have been proposed."""


class Serving:
    """Answers for any server of an ensemble."""

    def __init__(self, ensemble: Ensemble, fresh_id: Callable[[], int]) -> None:
        self.ensemble, self.world, self._fresh_id = ensemble, ensemble.world, fresh_id

    def status(self, server: Server) -> EndpointStatus:
        data, applied = server.data, server.config
        leader = self.ensemble.leader_of(server)
        return EndpointStatus(
            cluster_id=data.cluster_id,
            member_id=data.member_id,
            revision=applied.revision,
            raft_term=data.term,
            raft_index=data.commit.index,
            raft_applied_index=data.commit.index,
            leader_id=leader.member_id if leader else 0,
            version=server.version,
            db_size=applied.size,
            db_size_in_use=applied.size,
            db_quota=server.quota if server.line >= (3, 6) else 0,
            is_learner=data.member_id not in applied.voters,
            errors=(),
            storage_version=_text(data.storage),
            downgrade_enabled=applied.downgrade is not None and server.line >= (3, 6),
            downgrade_target=_text(applied.downgrade) if server.line >= (3, 6) else "",
        )

    def read(self, server: Server) -> Header:
        """A linearizable read: the leader proves its quorum, and the member has applied what was committed."""
        data = server.data
        now = (self.world.now(), self.ensemble.era, data.term, data.commit, data.last)
        if server.proved != now:
            self._prove(server)
            server.proved = now if (data.term, data.commit, data.last) == now[2:] else ()
        return Header(data.cluster_id, data.member_id, server.config.revision, data.term)

    def _prove(self, server: Server) -> None:
        leader = self.ensemble.leader_of(server)
        if leader is None or not self.ensemble.commits(leader):
            raise NoAnswer
        self.ensemble.replicate(leader)
        if server.data.commit is not leader.data.commit:
            raise NoAnswer

    def members(self, server: Server) -> MemberList:
        self._refuse_learner(server)
        self.read(server)
        return self.known_members(server)

    @staticmethod
    def known_members(server: Server) -> MemberList:
        """As this member knows them."""
        infos = tuple(
            MemberInfo(
                each.member_id,
                each.name,
                (each.peer_url,),
                (each.client_url,) if each.client_url else (),
                each.learner,
            )
            for each in server.config.members.values()
        )
        return MemberList(server.data.cluster_id, infos)

    def alarms(self, server: Server) -> tuple[Alarm, ...]:
        self._refuse_learner(server)
        return tuple(Alarm(member, AlarmKind[kind]) for member, kind in sorted(server.config.alarms))

    def disarm(self, server: Server, alarm: Alarm) -> None:
        gone = (alarm.member_id, alarm.kind.name)
        self._propose(server, lambda applied: replace(applied, alarms=applied.alarms - {gone}))

    def write(self, server: Server, size: int, entries: int) -> None:
        """`entries` writes that let the database grow by `size` bytes."""
        if server.config.alarms:
            raise Denied(Reason.NO_SPACE)
        full = server.config.size + size > server.quota

        def change(applied: Applied) -> Applied:
            alarms = applied.alarms | {(server.member_id, "NOSPACE")} if full else applied.alarms
            return replace(applied, revision=applied.revision + entries, size=applied.size + size, alarms=alarms)

        self._propose(server, change, weight=entries)

    def add_learner(self, server: Server, peer_url: str) -> MemberInfo:
        applied = server.config
        voters = applied.voters
        if len(voters) > 1 and self._connected(server, voters) < (len(voters) + 1) // 2 + 1:
            raise Denied(Reason.UNHEALTHY_CLUSTER)
        if any(each.peer_url == peer_url for each in applied.members.values()):
            raise Denied(Reason.PEER_URL_EXISTS)
        if len(applied.members) > len(voters):
            raise Denied(Reason.TOO_MANY_LEARNERS)
        peer = Peer(self._fresh_id(), peer_url, learner=True)
        self._propose(server, lambda each: _with_learner(each, peer), conf=True)
        return MemberInfo(peer.member_id, "", (peer_url,), (), is_learner=True)

    def remove(self, server: Server, member_id: int) -> None:
        applied = server.config
        self._require_member(applied, member_id)
        if member_id in applied.voters:
            self._protect_quorum(server, applied, member_id)
        self._propose(server, lambda each: _without(each, member_id), conf=True)

    def _protect_quorum(self, server: Server, applied: Applied, member_id: int) -> None:
        others = [applied.members[each] for each in applied.voters if each != member_id]
        if sum(1 for each in others if each.client_url) < len(others) // 2 + 1:
            raise Denied(Reason.NOT_ENOUGH_STARTED_MEMBERS)
        if member_id != server.member_id and self.ensemble.by_id(server, member_id) is None:
            return
        if self._connected(server, applied.voters) - 1 < 1 + len(others) // 2:
            raise Denied(Reason.UNHEALTHY_CLUSTER)

    def promote(self, server: Server, member_id: int) -> None:
        leader = self.ensemble.leader_of(server)
        if leader is None:
            raise NoAnswer
        applied = leader.config
        self._require_member(applied, member_id)
        if member_id in applied.voters:
            raise Denied(Reason.MEMBER_NOT_LEARNER)
        if leader.progress.get(member_id, 0) < READY_SHARE * leader.data.last.index:
            raise Denied(Reason.LEARNER_NOT_READY)
        started = 1 + sum(1 for each in applied.voters if applied.members[each].client_url)
        if started < (len(applied.voters) + 1) // 2 + 1:
            raise Denied(Reason.NOT_ENOUGH_STARTED_MEMBERS)
        self._propose(server, lambda each: _promoted(each, member_id), conf=True)

    def move_leader(self, server: Server, member_id: int) -> None:
        if not server.leads:
            raise Denied(Reason.NOT_LEADER)
        if member_id not in server.config.voters:
            raise Denied(Reason.BAD_LEADER_TRANSFEREE)
        target = self.ensemble.by_id(server, member_id)
        if target is server:
            return
        self.ensemble.replicate(server)
        if target is None or target.data.last is not server.data.last:
            raise NoAnswer
        if not self.ensemble.campaign(target, transferred=True):
            raise NoAnswer

    def downgrade(self, server: Server, action: DowngradeAction, version: str) -> str:
        leader = self._quorate(server)
        applied = leader.config
        if applied.version is None:
            raise Denied(Reason.CLUSTER_VERSION_UNKNOWN)
        if action is DowngradeAction.CANCEL:
            if applied.downgrade is not None:
                self._propose(server, lambda each: replace(each, downgrade=None))
            return _text(applied.version)
        target = (int(version.split(".", maxsplit=1)[0]), int(version.split(".")[1]))
        if target != (applied.version[0], applied.version[1] - 1):
            raise Denied(Reason.INVALID_DOWNGRADE_TARGET)
        if applied.downgrade is not None:
            raise Denied(Reason.DOWNGRADE_IN_PROGRESS)
        if action is DowngradeAction.ENABLE:
            self._propose(server, lambda each: replace(each, downgrade=target))
        return _text(applied.version)

    def _quorate(self, server: Server) -> Server:
        leader = self.ensemble.leader_of(server)
        if leader is None or not self.ensemble.has_quorum(leader):
            raise NoAnswer
        return leader

    def _propose(
        self, server: Server, change: Callable[[Applied], Applied], *, conf: bool = False, weight: int = 1
    ) -> None:
        """Through the leader, as the member asked knows it; NoAnswer where it was not committed at once."""
        leader = self.ensemble.leader_of(server)
        if leader is None:
            raise NoAnswer
        if conf and leader.data.last.position - leader.data.commit.position and self._changing(leader):
            raise NoAnswer
        entry = self.ensemble.propose(leader, change, conf=conf, weight=weight)
        if leader.data.commit.position < entry.position:
            raise NoAnswer

    @staticmethod
    def _changing(leader: Server) -> bool:
        """A configuration change is not committed yet: raft drops a second one."""
        each = leader.data.last
        while each is not leader.data.commit and each.parent is not None:
            if each.change:
                return True
            each = each.parent
        return False

    def _connected(self, server: Server, voters: frozenset[int]) -> int:
        """Voters that have been connected to `server` for etcd's health interval, itself included."""
        since = self.world.now() - HEALTH_INTERVAL
        connected = int(server.member_id in voters)
        for each in self.ensemble.contacts(server):
            start = max(each.serving_from, server.serving_from, self.world.linked_since(server.slot, each.slot))
            connected += each.member_id in voters and start < since
        return connected

    @staticmethod
    def _require_member(applied: Applied, member_id: int) -> None:
        if member_id not in applied.members:
            raise Denied(Reason.MEMBER_NOT_FOUND)

    @staticmethod
    def _refuse_learner(server: Server) -> None:
        if server.member_id not in server.config.voters:
            raise Denied(Reason.NOT_SUPPORTED_FOR_LEARNER)


def _with_learner(applied: Applied, peer: Peer) -> Applied:
    """As etcd checks once more when it applies the change; the same for the two below."""
    taken = any(each.peer_url == peer.peer_url for each in applied.members.values())
    return applied if taken or len(applied.members) > len(applied.voters) else applied.with_member(peer)


def _without(applied: Applied, member_id: int) -> Applied:
    return applied.without_member(member_id) if member_id in applied.members else applied


def _promoted(applied: Applied, member_id: int) -> Applied:
    peer = applied.members.get(member_id)
    return applied.with_member(replace(peer, learner=False)) if peer is not None else applied


def _text(line: Line | None) -> str:
    return f"{line[0]}.{line[1]}.0" if line else ""
