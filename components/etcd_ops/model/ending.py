"""Members that still serve, and whose pods or machines are on their way out: nobody counts on them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from etcd_ops.model.facts import ClusterFacts, PeerStatus


def without_ending(cluster: ClusterFacts, statuses: Mapping[str, PeerStatus], own: str) -> ClusterFacts:
    """The cluster in which no other member is proven healthy that may end at any moment.

    A status that is old counts as well: what it said ends with the next one, or with the member.

    Args:
        cluster: as it was seen.
        statuses: of every slot that has one.
        own: slot of who asks, whose steps wait for its own member anyway.
    """
    ending = {slot: each.status.member_id for slot, each in statuses.items() if each.status.ending and slot != own}
    if not ending:
        return cluster
    endpoints = {
        slot: replace(each, healthy=False) if slot in ending and each.member_id == ending[slot] else each
        for slot, each in cluster.endpoints.items()
    }
    return replace(cluster, endpoints=endpoints)
