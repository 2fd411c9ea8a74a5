"""etcd's configuration file, rendered for one member and one version.

The file is YAML of one key per line, its values written as JSON. etcd reads it without complaint about keys it does
not know, so that every key here is proved against the real programs (tests/model/test_configuration_etcd.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from etcd_ops.model.document import digest
from etcd_ops.model.durations import SECOND
from etcd_ops.model.extra_config import parse_gates
from etcd_ops.model.spec import ClusterSpec, EtcdSpec, MemberSpec
from etcd_ops.model.urls import Url
from etcd_ops.model.versions import Line, Version, key_on, switches_on

WATCH_PROGRESS_NOTIFY_INTERVAL = 5 * SECOND
"""Nanoseconds; what Kubernetes and OpenShift set, so that watch caches stay fresh (etcd's default is 10 min)."""
CORRUPTION_CHECKS: Mapping[str, bool] = {"InitialCorruptCheck": True, "CompactHashCheck": True}
"""A member compares its data before it serves, and the leader the hashes of compactions: etcd's own advice
(op-guide/data_corruption); both are off by default."""


@dataclass(frozen=True, slots=True)
class Files:
    """Absolute paths on a member's volume."""

    data: str
    peer_certificate: str
    peer_key: str
    peer_trust: str
    """Bundle of the peer authorities. Its name must change with its content: etcd reads it only when it starts."""
    server_certificate: str
    server_key: str
    client_trust: str
    """Bundle of the client authorities; as above."""


@dataclass(frozen=True, slots=True)
class Initial:
    """What etcd reads only while its data directory is empty."""

    state: str
    """`new` to form the cluster, `existing` to join it."""
    cluster: tuple[tuple[str, str], ...]
    """(name, peer URL) of every member, this one included."""
    token: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """A rendered configuration file."""

    text: str
    digest: str
    """SHA-256 of everything in `text` that is only read at a start: another digest means a restart."""


def render(spec: ClusterSpec, slot: str, files: Files, initial: Initial | None = None) -> Configuration:
    """Render the configuration file of one member.

    Args:
        spec: a valid declaration.
        slot: the member, one of `spec.members`.
        files: where its data and credentials are.
        initial: for the first start on an empty data directory. Without it, etcd refuses to start where the data
            is missing, rather than forming a cluster or joining with an identity whose data is lost.
    """
    member = spec.members[slot]
    line = Version.parse(spec.etcd.version).line
    settings = {
        "name": slot,
        "data-dir": files.data,
        **_listeners(member),
        **_settings(line, spec.etcd),
        **_security(files),
    }
    settings |= _merged(settings, spec.etcd.extra_config)
    first = _initial(slot, member, initial)
    return Configuration(text=_text(settings | first), digest=digest(_text(settings).encode()))


def _text(settings: Mapping[str, Any]) -> str:
    return "".join(f"{key}: {_scalar(value)}\n" for key, value in settings.items())


def _scalar(value: Any) -> str:
    """`value` as JSON that is also YAML, which allows no control characters and knows no surrogate pairs."""
    written = json.dumps(value, ensure_ascii=False)
    return re.sub(r"[^ -~]", lambda found: f"\\U{ord(found[0]):08x}", written)


def _listeners(member: MemberSpec) -> dict[str, Any]:
    return {
        "listen-peer-urls": _bound(member.peer_url),
        "initial-advertise-peer-urls": member.peer_url,
        "listen-client-urls": _client_listeners(member),
        "advertise-client-urls": member.client_url,
        "listen-metrics-urls": member.health_url,
    }


def _client_listeners(member: MemberSpec) -> str:
    """Loopback as well where that is declared, and the member does not listen everywhere anyway."""
    bound = _bound(member.client_url)
    return f"{member.loopback_url},{bound}" if member.loopback_url and bound == member.client_url else bound


def _bound(url: str) -> str:
    """Where to listen for `url`: at its address, or at all of them where it has a name (etcd binds to no names)."""
    parsed = Url.parse(url)
    return url if parsed.address is not None else f"{parsed.scheme}://0.0.0.0:{parsed.port}"


def _settings(line: Line, etcd: EtcdSpec) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "quota-backend-bytes": etcd.quota_backend_bytes,
        "heartbeat-interval": etcd.heartbeat_interval_ms,
        "election-timeout": etcd.election_timeout_ms,
        "snapshot-count": etcd.snapshot_count,
        "auto-compaction-mode": etcd.auto_compaction_mode,
        "auto-compaction-retention": etcd.auto_compaction_retention,
        "max-request-bytes": etcd.max_request_bytes,
        "max-learners": etcd.max_learners,
        "pre-vote": True,
        "strict-reconfig-check": True,
        "watch-progress-notify-interval": WATCH_PROGRESS_NOTIFY_INTERVAL,
        "socket-options": {"reuse-address": True, "reuse-port": False},
        "logger": "zap",
        "log-level": etcd.log_level,
        "log-format": "json",
        "log-outputs": ["stderr"],
    }
    named = ((key_on(line, key), value) for key, value in wanted.items())
    return {key: value for key, value in named if key is not None} | switches_on(line, CORRUPTION_CHECKS)


def _security(files: Files) -> dict[str, Any]:
    peer = (files.peer_certificate, files.peer_key, files.peer_trust)
    client = (files.server_certificate, files.server_key, files.client_trust)
    return {
        "tls-min-version": "TLS1.2",
        "peer-transport-security": _transport(*peer),
        "client-transport-security": _transport(*client),
    }


def _transport(certificate: str, key: str, trust: str) -> dict[str, Any]:
    return {"cert-file": certificate, "key-file": key, "trusted-ca-file": trust, "client-cert-auth": True}


def _merged(settings: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """`extra`, with our feature gates where it names others."""
    merged = dict(sorted(extra.items()))
    ours, theirs = settings.get("feature-gates"), extra.get("feature-gates")
    if ours and theirs:
        chosen = {**(parse_gates(ours) or {}), **(parse_gates(theirs) or {})}
        merged["feature-gates"] = ",".join(f"{name}={str(on).lower()}" for name, on in chosen.items())
    return merged


def _initial(slot: str, member: MemberSpec, initial: Initial | None) -> dict[str, Any]:
    if initial is None:
        # Alone in an existing cluster: with data etcd ignores it, without data it finds nobody to ask, and exits.
        return {"initial-cluster-state": "existing", "initial-cluster": f"{slot}={member.peer_url}"}
    return {
        "initial-cluster-state": initial.state,
        "initial-cluster": ",".join(f"{name}={url}" for name, url in initial.cluster),
        "initial-cluster-token": initial.token,
    }
