"""The cluster as its agents tell it in the channel, where the members themselves cannot be reached: pure."""

from __future__ import annotations

from collections.abc import Mapping

from etcd_ops.model.facts import ChannelFacts, ClusterFacts, EndpointFacts, ListedMember, PeerStatus
from etcd_ops.model.status import MemberStatus, Role


def told(channel: ChannelFacts) -> ClusterFacts:
    """What statuses say; one that was not seen to change says only that there is such a member.

    Args:
        channel: as it was read until agents had the time to publish again.
    """
    fresh = {slot: peer.status for slot, peer in channel.statuses.items() if peer.fresh}
    leader = next((each.member_id for each in fresh.values() if each.leader and each.member_id), 0)
    members = _members(channel, channel.statuses)
    endpoints = {slot: _endpoint(each, leader, members) for slot, each in fresh.items() if each.member_id}
    alarms = frozenset((each.member_id or 0, kind) for each in fresh.values() for kind in each.alarms)
    return ClusterFacts(endpoints, members if endpoints else None, alarms if endpoints else None)


def silent(channel: ChannelFacts | None) -> list[str]:
    """Declared slots whose agents were not heard of, as far as it is known which are declared."""
    if channel is None or channel.spec is None:
        return []
    declared = channel.spec.members
    return [slot for slot in sorted(declared) if not (slot in channel.statuses and channel.statuses[slot].fresh)]


def _members(channel: ChannelFacts, statuses: Mapping[str, PeerStatus]) -> tuple[ListedMember, ...]:
    declared = channel.spec.members if channel.spec else {}
    return tuple(
        ListedMember(
            member_id=peer.status.member_id,
            name=slot,
            peer_urls=(declared[slot].peer_url,) if slot in declared else (),
            learner=peer.status.role is Role.LEARNER,
        )
        for slot, peer in sorted(statuses.items())
        if peer.status.member_id and peer.status.role is not Role.NONE
    )


def _endpoint(status: MemberStatus, leader: int, members: tuple[ListedMember, ...]) -> EndpointFacts:
    return EndpointFacts(
        member_id=status.member_id or 0,
        cluster_id=status.cluster_id or 0,
        leader_id=leader,
        healthy=status.healthy and not status.ending,
        learner=status.role is Role.LEARNER,
        raft_index=status.raft_index,
        applied_index=max(0, status.raft_index - status.applied_lag),
        revision=status.revision,
        version=status.version,
        storage_version=status.storage_version,
        database_bytes=status.database_bytes,
        database_in_use_bytes=status.database_in_use_bytes,
        quota_bytes=status.quota_bytes,
        members=members,
    )
