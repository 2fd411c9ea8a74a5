"""A declaration in which nothing is wrong, and ways to change it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from etcd_ops.model.document import digest
from etcd_ops.model.spec import ClusterSpec
from etcd_ops.model.topology import Loopback, plan
from etcd_ops.model.trust_changes import USES_OF_DOMAIN

GIB = 1024**3
USES = ("peer", "server", "metrics", "agent")


def fingerprint(name: str) -> str:
    """The fingerprint of an imagined certificate."""
    return digest(name.encode())


def trust(domain: str, *generations: int, issuer: int | None = None) -> dict[str, Any]:
    authorities = {str(generation): fingerprint(f"{domain}-ca-{generation}") for generation in generations}
    return {"authorities": authorities, "issuer": issuer if issuer is not None else generations[-1]}


def member(name: str, zone: str, urls: Any) -> dict[str, Any]:
    return {
        "zone": zone,
        "peerUrl": urls.peer,
        "clientUrl": urls.client,
        "metricsUrl": urls.metrics,
        "healthUrl": urls.health,
        "volumeBytes": 10 * GIB,
        "certificates": {use: fingerprint(f"{name}-{use}-1") for use in USES},
    }


def body(size: int = 3, zones: tuple[str, ...] = ("a", "b", "c")) -> dict[str, Any]:
    """The wire form of a good declaration."""
    slots = plan(zones, Loopback("127.44.0"), size=size).slots
    return {
        "name": "sample",
        "environment": "development",
        "incarnation": 1,
        "members": {slot.name: member(slot.name, slot.zone, slot.urls) for slot in slots},
        "etcd": {
            "version": "3.6.15",
            "binary": {"source": "/opt/etcd-3.6.15/etcd", "sha256": fingerprint("etcd-3.6.15")},
            "quotaBackendBytes": 2 * GIB,
        },
        "trust": {domain: trust(domain, 1) for domain in ("peer", "client", "metrics")},
        "agent": {"version": "0.1.0", "command": ["etcd-ops"]},
        "renewal": {"validityHours": 2160, "windowHours": 540},
    }


def newcomer(name: str) -> dict[str, Any]:
    """A member for one of the zones a to e, by its name."""
    zone = name.partition("-")[0]
    slot = plan({each: number for number, each in enumerate("abcde")}, Loopback("127.44.0"), slots={name: zone})
    return member(name, zone, slot.slots[0].urls)


def reissued(document: Mapping[str, Any], domain: str, generation: int) -> dict[str, Any]:
    """A copy in which a trust's leaves are those of another generation."""
    changed = copy.deepcopy(dict(document))
    for name, each in changed["members"].items():
        for use in USES_OF_DOMAIN[domain]:
            each["certificates"][use] = fingerprint(f"{name}-{use}-{generation}")
    return changed


def at(document: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy in which the property at `path` is `value`; `None` takes it away. Dots separate names."""
    changed = copy.deepcopy(dict(document))
    *folders, last = path.split(".")
    inner: Any = changed
    for folder in folders:
        inner = inner.setdefault(folder, {})
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return changed


def spec(document: Mapping[str, Any] | None = None, **changes: Any) -> ClusterSpec:
    """A declaration, with `changes` by path in which `__` stands for a dot."""
    changed = dict(document or body())
    for path, value in changes.items():
        changed = at(changed, path.replace("__", "."), value)
    return ClusterSpec.model_validate(changed)
