"""A declared cluster and its members' statuses, for tests of Rollout."""

from __future__ import annotations

from typing import Any

from etcd_ops.model.spec import ClusterSpec, Desired
from etcd_ops.model.status import MemberStatus, Role, State
from etcd_ops.rollout import Declaration

OWNER = "urn:pulumi:local::demo::etcd:index:LocalCluster$etcd:index:Rollout::demo"
CLUSTER_ID = 0xC0FFEE


def print_of(seed: str) -> str:
    return (seed.encode().hex() * 64)[:64]


def spec(slots: int = 3, **changes: Any) -> ClusterSpec:
    members = {
        f"m{i}": {
            "zone": f"z{i}",
            "peer_url": f"https://127.46.0.{i + 1}:2380",
            "client_url": f"https://127.46.0.{i + 1}:2379",
            "metrics_url": f"https://127.46.0.{i + 1}:2382",
            "health_url": f"http://127.46.0.{i + 1}:2381",
            "volume_bytes": 10 * 1024**3,
            "certificates": {use: print_of(f"{use}{i}") for use in ("peer", "server", "metrics", "agent")},
        }
        for i in range(slots)
    }
    trust = {use: {"authorities": {"1": print_of(use)}, "issuer": 1} for use in ("peer", "client", "metrics")}
    body = {
        "name": "demo",
        "members": members,
        "etcd": {"version": "3.6.15", "binary": {"source": "/opt/etcd", "sha256": print_of("etcd")}},
        "trust": trust,
        "agent": {"version": "0.1.0", "command": ("etcd-ops",)},
        "renewal": {"validity_hours": 2160, "window_hours": 540},
    }
    return ClusterSpec.model_validate(body | changes)


def migrating(phase: str = "join") -> ClusterSpec:
    """The declaration of members that join somebody else's one."""
    member = {"peerUrl": "https://10.1.0.1:2380", "clientUrl": "https://10.1.0.1:2379"}
    return spec(migration={"phase": phase, "members": {"etcd-0": member}})


def recovering(**changes: Any) -> ClusterSpec:
    """The declaration of incarnation 2, with the new trust that it needs."""
    before = spec().to_wire()
    for use in ("peer", "client"):
        before["trust"][use] = {"authorities": {"2": print_of(f"{use}-2")}, "issuer": 2}
    for slot, member in before["members"].items():
        member["certificates"] |= {use: print_of(f"{slot}-{use}-2") for use in ("peer", "server", "agent")}
    return ClusterSpec.model_validate(before | {"incarnation": 2} | changes)


def declaration(**changes: Any) -> Declaration:
    fields: dict[str, Any] = {"spec": spec(), "owner": OWNER}
    return Declaration(**fields | changes)


def status(slot: str, desired: Desired | None = None, **changes: Any) -> MemberStatus:
    """A healthy voter that has applied `desired`."""
    digest = desired.digest if desired else ""
    fields = {
        "slot": slot,
        "zone": "z" + slot[1:],
        "boot_id": "boot",
        "sequence": 1,
        "agent_version": "0.1.0",
        "generation": desired.generation if desired else 0,
        "seen_digest": digest,
        "digest": digest,
        "state": State.RUNNING,
        "role": Role.VOTER,
        "healthy": True,
        "cluster_id": CLUSTER_ID,
    }
    return MemberStatus.model_validate(fields | changes)
