"""The state of one member, and what is done to it or to its database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

from etcd_ops.etcd import convert
from etcd_ops.etcd.connection import Connections
from etcd_ops.etcd.errors import Unreachable
from etcd_ops.etcd.rpc import methods
from etcd_ops.etcd.rpc import rpc_pb2 as pb
from etcd_ops.etcd.values import Alarm, AlarmKind, DowngradeAction, EndpointStatus, HashKv, Header

# The key that etcdctl's `endpoint health` reads; it need not exist.
_HEALTH_KEY = b"health"


class MaintenanceCalls:
    """One member's maintenance service. Every call raises `EtcdError`; `timeout` is in seconds."""

    _connections: Connections

    async def status(self, endpoint: str, *, timeout: float) -> EndpointStatus:
        """The member's own view of itself, also from a learner and without a quorum."""
        answer = await self._connections.to(endpoint).call(methods.STATUS, pb.StatusRequest(), timeout)
        return convert.endpoint_status(answer)

    async def linearizable_read(self, endpoint: str, *, timeout: float) -> Header:
        """Proof that this member answers with what a quorum has agreed on; it says nothing about writing."""
        request = pb.RangeRequest(key=_HEALTH_KEY, count_only=True)
        answer = await self._connections.to(endpoint).call(methods.RANGE, request, timeout)
        return convert.header(answer.header)

    async def move_leader(self, endpoint: str, target_id: int, *, timeout: float) -> None:
        """Hand leadership to a voter; `endpoint` must be the leader's. Returns when the target leads.

        Without an answer within `timeout` the hand-over may still come to pass.
        """
        request = pb.MoveLeaderRequest(targetID=target_id)
        await self._connections.to(endpoint).call(methods.MOVE_LEADER, request, timeout)

    async def alarms(self, endpoint: str, *, timeout: float) -> tuple[Alarm, ...]:
        """The alarms raised anywhere in the cluster, as the member asked knows them."""
        request = pb.AlarmRequest(action=pb.AlarmRequest.GET)
        answer = await self._connections.to(endpoint).call(methods.ALARM_GET, request, timeout)
        return tuple(Alarm(alarm.memberID, AlarmKind(alarm.alarm)) for alarm in answer.alarms)

    async def disarm(self, endpoint: str, alarm: Alarm, *, timeout: float) -> None:
        """Clear an alarm; one whose cause persists is raised again."""
        request = pb.AlarmRequest(
            action=pb.AlarmRequest.DEACTIVATE,
            memberID=alarm.member_id,
            alarm=alarm.kind.name,
        )
        await self._connections.to(endpoint).call(methods.ALARM_SET, request, timeout)

    async def downgrade(self, endpoint: str, action: DowngradeAction, version: str = "", *, timeout: float) -> str:
        """Ask about, begin or call off a downgrade to `version`, such as 3.5; returns the cluster version.

        etcd answers CANCEL with success even where it failed: read `EndpointStatus.downgrade_enabled` then.
        """
        method = methods.DOWNGRADE_VALIDATE if action is DowngradeAction.VALIDATE else methods.DOWNGRADE
        request = pb.DowngradeRequest(action=action.name, version=version)
        return (await self._connections.to(endpoint).call(method, request, timeout)).version

    async def compact(self, endpoint: str, revision: int, *, timeout: float, physical: bool = False) -> None:
        """Forget the history before `revision`; `physical` waits until it is gone from the database."""
        request = pb.CompactionRequest(revision=revision, physical=physical)
        await self._connections.to(endpoint).call(methods.COMPACT, request, timeout)

    async def defragment(self, endpoint: str, *, timeout: float) -> None:
        """Give unused space back; the member answers nothing meanwhile, for seconds per GB in use.

        Without an answer within `timeout` it goes on.
        """
        await self._connections.to(endpoint).call(methods.DEFRAGMENT, pb.DefragmentRequest(), timeout)

    async def hash_kv(self, endpoint: str, *, timeout: float, revision: int = 0) -> HashKv:
        """Hash the member's keys up to `revision` (0: all). It reads the whole database."""
        request = pb.HashKVRequest(revision=revision)
        answer = await self._connections.to(endpoint).call(methods.HASH_KV, request, timeout)
        return convert.hash_kv(answer)

    async def snapshot(self, endpoint: str, *, timeout: float, idle_timeout: float = 30.0) -> AsyncIterator[bytes]:
        """The member's database, in pieces of some 32 KiB, then the SHA-256 of all of it (32 bytes).

        Args:
            endpoint: the member's client URL.
            timeout: seconds for the whole of it.
            idle_timeout: the longest wait for a piece, in seconds.

        Raises:
            Unreachable: it broke off, or ended before all was sent.
            Refused: etcd would not send it.
        """
        stream = self._connections.to(endpoint).stream(methods.SNAPSHOT, pb.SnapshotRequest(), timeout, idle_timeout)
        remaining = None
        async with aclosing(stream) as pieces:
            async for piece in pieces:
                remaining = piece.remaining_bytes
                yield piece.blob
        if remaining != 0:
            raise Unreachable(endpoint, methods.SNAPSHOT.name, "DATA_LOSS", "the stream ended before the database")
