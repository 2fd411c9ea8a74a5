"""What a stack can declare of the simulated cluster, and how it is rendered for a member."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from etcd_ops.model.facts import Target, VolumeFacts
from etcd_ops.model.spec import ClusterSpec, MemberSpec
from etcd_ops.model.status import CertificateReport
from tests.simulation.hosts import Configuration, Host

SLOTS = tuple(f"m{number}" for number in range(10))
ZONES = ("a", "b", "c")
GIB = 1024**3
MISSING = "0" * 64
"""Digest of a program that nobody has."""


def print_of(*parts: object) -> str:
    """A fingerprint that stands for something."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


SNAPSHOTS = {"refused": 7, "deaf": 13}
"""Values of an option with which the simulated etcd does not start, or never serves."""
VERSIONS = ("3.5.34", "3.6.15", "3.7.2")
PROGRAMS = {print_of("program", version): version for version in VERSIONS}
"""SHA-256 of a program to its version."""
CONFIGURATIONS: dict[str, Configuration] = {}
"""Text of a configuration file to what etcd makes of it."""
ISSUERS: dict[str, str] = {}
"""Fingerprint of a leaf to that of its authority."""


def zone_of(slot: str) -> str:
    return ZONES[SLOTS.index(slot) % len(ZONES)]


def peer_url(slot: str) -> str:
    return f"https://127.9.0.{SLOTS.index(slot) + 1}:2380"


def client_url(slot: str) -> str:
    return f"https://127.9.0.{SLOTS.index(slot) + 1}:2379"


SLOT_OF_PEER = {peer_url(slot): slot for slot in SLOTS}
SLOT_OF_CLIENT = {client_url(slot): slot for slot in SLOTS}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is declared, as its author thinks of it."""

    slots: tuple[str, ...]
    version: str = "3.6.15"
    quota: int = 2 * GIB
    setting: int = 0
    """A setting that needs a restart and does no harm."""
    fault: str = ""
    """`refused`, `deaf` or `missing`: what is wrong with the declaration."""
    peer: tuple[int, ...] = (1,)
    """Trust generations of the peers."""
    peer_issuer: int = 1
    client: tuple[int, ...] = (1,)
    client_issuer: int = 1
    incarnation: int = 1
    allow_outage: bool = True
    replacements: int = 1
    agent: str = "0.1.0"
    pod: int = 0
    """The template of the members' pods; 0 where they run in none."""
    migration: str = ""
    """The phase of a migration; empty where none is declared."""
    origin: tuple[str, ...] = ()
    """Slots of the machines that it is from."""

    @property
    def template(self) -> str:
        """Digest of the members' pods; empty where they run in none."""
        return f"pod {self.pod}" if self.pod else ""


@lru_cache(maxsize=4096)
def spec_of(plan: Plan) -> ClusterSpec:
    """The declaration that the plan amounts to."""
    members = {slot: _member(slot, plan) for slot in plan.slots}
    extra = {"max-txn-ops": 128 + plan.setting, "max-snapshots": SNAPSHOTS.get(plan.fault, 5)}
    program = MISSING if plan.fault == "missing" else print_of("program", plan.version)
    body: dict[str, Any] = {
        "name": "demo",
        "incarnation": plan.incarnation,
        "members": members,
        "etcd": {
            "version": plan.version,
            "binary": {"source": f"/opt/etcd-{plan.version}", "sha256": program},
            "quota_backend_bytes": plan.quota,
            "extra_config": extra,
        },
        "trust": {
            "peer": _trust("peer", plan.peer, plan.peer_issuer),
            "client": _trust("client", plan.client, plan.client_issuer),
            "metrics": _trust("metrics", (1,), 1),
        },
        "agent": {"version": plan.agent, "command": ("etcd-ops",)},
        "renewal": {"validity_hours": 2160, "window_hours": 360},
        "healing": {"automatic_replacements_per_day": plan.replacements},
        "allow_outage": plan.allow_outage,
    }
    if plan.migration:
        origin = {f"old-{slot}": {"peer_url": peer_url(slot), "client_url": client_url(slot)} for slot in plan.origin}
        body["migration"] = {"phase": plan.migration, "members": origin}
    return ClusterSpec.model_validate(body)


def _trust(domain: str, generations: tuple[int, ...], issuer: int) -> dict[str, Any]:
    return {"authorities": {str(each): print_of(domain, each) for each in generations}, "issuer": issuer}


def _member(slot: str, plan: Plan) -> dict[str, Any]:
    return {
        "zone": zone_of(slot),
        "peer_url": peer_url(slot),
        "client_url": client_url(slot),
        "metrics_url": client_url(slot).replace("2379", "2382"),
        "health_url": client_url(slot).replace("https", "http").replace("2379", "2381"),
        "volume_bytes": 10 * GIB,
        "template": plan.template,
        "certificates": {use: _leaf(slot, use, plan) for use in ("peer", "server", "metrics", "agent")},
    }


def _leaf(slot: str, use: str, plan: Plan) -> str:
    domain = {"server": "client", "agent": "client"}.get(use, use)
    generation = {"peer": plan.peer_issuer, "client": plan.client_issuer, "metrics": 1}[domain]
    fingerprint = print_of("leaf", slot, use, generation)
    ISSUERS[fingerprint] = print_of(domain, generation)
    return fingerprint


def credentials_of(spec: ClusterSpec, slot: str) -> frozenset[str]:
    """What the platform delivers to a member before the document is written."""
    authorities = {each for trust in _trusts(spec) for each in trust}
    return frozenset(authorities | set(spec.members[slot].certificates.to_wire().values()))


def _trusts(spec: ClusterSpec) -> tuple[tuple[str, ...], ...]:
    domains = (spec.trust.peer, spec.trust.client, spec.trust.metrics)
    return tuple(tuple(each.authorities[name] for name in sorted(each.authorities)) for each in domains)


class SimulatedRenderer:
    """Renders like the shipped one: a digest over what needs a restart, the first start's values outside of it."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def target(self, spec: ClusterSpec, slot: str) -> Target:
        target, needed = _target(_Held(spec), slot)
        lacking = sorted(needed - self._host.disk.credentials)
        if lacking:
            raise KeyError(f"credential {lacking[0]}")
        return target

    async def configuration(
        self, spec: ClusterSpec, slot: str, state: str, initial_cluster: tuple[tuple[str, str], ...], token: str
    ) -> str:
        text = f"{_target(_Held(spec), slot)[0].configuration} {state} {initial_cluster} {token}"
        if text not in CONFIGURATIONS:
            CONFIGURATIONS[text] = _of(spec, slot, spec.members[slot], state, initial_cluster, token)
        return text

    @staticmethod
    def digest(spec: ClusterSpec, slot: str) -> str:
        """Of the configuration that the member should run with."""
        return _target(_Held(spec), slot)[0].configuration_digest

    async def expiries(self, volume: VolumeFacts) -> dict[str, CertificateReport]:
        return {use: _report(leaf) for use, leaf in volume.leaves.items()}


@lru_cache(maxsize=4096)
def _report(fingerprint: str) -> CertificateReport:
    return CertificateReport(fingerprint=fingerprint, not_after=2e9)


class _Held:
    """A specification as a key: by identity, and kept alive."""

    __slots__ = ("spec",)

    def __init__(self, spec: ClusterSpec) -> None:
        self.spec = spec

    def __hash__(self) -> int:
        return id(self.spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and other.spec is self.spec


@lru_cache(maxsize=4096)
def _target(held: _Held, slot: str) -> tuple[Target, frozenset[str]]:
    spec = held.spec
    configuration = _of(spec, slot, spec.members[slot], "existing", (), "")
    digest = print_of(slot, configuration.quota, _trusts(spec)[:2], sorted(spec.etcd.extra_config.items()))
    text = f"configuration {digest}"
    CONFIGURATIONS[text] = configuration
    peers, clients, _ = _trusts(spec)
    target = Target(text, digest, spec.etcd.binary.sha256, {"peer": peers, "client": clients})
    return target, credentials_of(spec, slot)


def _of(
    spec: ClusterSpec, slot: str, member: MemberSpec, state: str, initial: tuple[tuple[str, str], ...], token: str
) -> Configuration:
    return Configuration(
        name=slot,
        peer_url=member.peer_url,
        client_url=member.client_url,
        quota=spec.etcd.quota_backend_bytes,
        trusted=frozenset(_trusts(spec)[0]),
        clients=frozenset(_trusts(spec)[1]),
        refused=spec.etcd.extra_config["max-snapshots"] == SNAPSHOTS["refused"],
        deaf=spec.etcd.extra_config["max-snapshots"] == SNAPSHOTS["deaf"],
        state=state,
        initial=initial,
        token=token,
    )
