"""Who belongs to the cluster."""

from __future__ import annotations

from collections.abc import Sequence

from etcd_ops.etcd import convert
from etcd_ops.etcd.connection import Connections
from etcd_ops.etcd.rpc import methods
from etcd_ops.etcd.rpc import rpc_pb2 as pb
from etcd_ops.etcd.values import MemberInfo, MemberList


class MembershipCalls:
    """The member list, through one member. Every call raises `EtcdError`; `timeout` is in seconds."""

    _connections: Connections

    async def member_list(self, endpoint: str, *, timeout: float, linearizable: bool = True) -> MemberList:
        """The members; with `linearizable` as a quorum knows them, else as the member asked does.

        A learner answers neither.
        """
        request = pb.MemberListRequest(linearizable=linearizable)
        answer = await self._connections.to(endpoint).call(methods.MEMBER_LIST, request, timeout)
        return convert.member_list(answer.header, answer.members)

    async def add_learner(self, endpoint: str, peer_urls: Sequence[str], *, timeout: float) -> MemberInfo:
        """Add a member that receives everything and does not vote; returns it with its new ID."""
        return await self._add(endpoint, pb.MemberAddRequest(peerURLs=peer_urls, isLearner=True), timeout)

    async def add_voter(self, endpoint: str, peer_urls: Sequence[str], *, timeout: float) -> MemberInfo:
        """Add a member that votes at once; returns it with its new ID."""
        return await self._add(endpoint, pb.MemberAddRequest(peerURLs=peer_urls), timeout)

    async def remove_member(self, endpoint: str, member_id: int, *, timeout: float) -> None:
        """Remove a member for good: its ID never comes back."""
        request = pb.MemberRemoveRequest(ID=member_id)
        await self._connections.to(endpoint).call(methods.MEMBER_REMOVE, request, timeout)

    async def promote_learner(self, endpoint: str, member_id: int, *, timeout: float) -> None:
        """Make a learner that has caught up a voter.

        A member that does not lead forwards this, trying again within the deadline: the refusal
        `MEMBER_NOT_LEARNER` may thus mean that this very call has promoted it.
        """
        request = pb.MemberPromoteRequest(ID=member_id)
        await self._connections.to(endpoint).call(methods.MEMBER_PROMOTE, request, timeout)

    async def update_member(self, endpoint: str, member_id: int, peer_urls: Sequence[str], *, timeout: float) -> None:
        """Change the URLs at which the others reach a member.

        Never call it for a learner: before 3.5.31 and 3.6.12 it is promoted by this (etcd's changelogs).
        """
        request = pb.MemberUpdateRequest(ID=member_id, peerURLs=peer_urls)
        await self._connections.to(endpoint).call(methods.MEMBER_UPDATE, request, timeout)

    async def _add(self, endpoint: str, request: pb.MemberAddRequest, timeout: float) -> MemberInfo:
        answer = await self._connections.to(endpoint).call(methods.MEMBER_ADD, request, timeout)
        return convert.member(answer.member)
