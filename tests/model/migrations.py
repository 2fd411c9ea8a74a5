"""Clusters that somebody else runs, seen by agents that are to take them over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from etcd_ops.model.facts import ClusterFacts, EndpointFacts, ListedMember
from etcd_ops.model.spec import ClusterSpec
from tests.model.samples import at, body, spec

ORIGIN = 21
"""ID of the cluster that is joined."""
SLOTS = ("a-1", "b-1", "c-1", "a-2", "b-2")


def names(count: int) -> list[str]:
    return [f"etcd-{number}" for number in range(count)]


def origin(count: int = 3) -> dict[str, Any]:
    """The wire form of the origin's members."""
    return {
        name: {"peerUrl": f"https://10.1.0.{number}:2380", "clientUrl": f"https://10.1.0.{number}:2379"}
        for number, name in enumerate(names(count), start=1)
    }


def migrating(phase: str = "join", count: int = 3, size: int = 3, **changes: Any) -> ClusterSpec:
    """A declaration of `size` members that takes a cluster of `count` over."""
    return spec(at(body(size), "migration", {"phase": phase, "members": origin(count)}), **changes)


def listed(declared: ClusterSpec, name: str, member_id: int, *, learner: bool = False) -> ListedMember:
    """The entry of a slot or of an origin's member."""
    assert declared.migration is not None
    either = declared.members.get(name) or declared.migration.members[name]
    return ListedMember(member_id, f"by-hand-{name}", (either.peer_url,), learner, (either.client_url,))


def seen(
    declared: ClusterSpec, members: Iterable[str], *, unhealthy: Iterable[str] = (), leader: str = "",
    learners: Iterable[str] = (),
) -> ClusterFacts:  # fmt: skip
    """A cluster of these slots and origin's members; unhealthy ones do not answer."""
    names_, silent, late = list(members), set(unhealthy), set(learners)
    ids = {name: number for number, name in enumerate(names_, start=1)}
    entries = tuple(listed(declared, name, ids[name], learner=name in late) for name in names_)
    able = [name for name in names_ if name not in silent and name not in late]
    led_by = ids[leader or able[0]] if able else 0
    endpoints = {
        name: EndpointFacts(
            ids[name], ORIGIN, led_by, healthy=name not in late, learner=name in late, raft_index=100,
            applied_index=100, version="3.6.15",
        )
        for name in names_ if name not in silent
    }  # fmt: skip
    known = entries if len(able) > (len(names_) - len(late)) // 2 else None
    told = {name: replace(each, members=known if each.healthy else None) for name, each in endpoints.items()}
    return ClusterFacts(told, known, alarms=frozenset())
