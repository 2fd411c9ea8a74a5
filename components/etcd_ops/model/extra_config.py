"""Further keys of etcd's configuration file that users may give: checked, because etcd ignores unknown ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from etcd_ops.model.durations import nanoseconds
from etcd_ops.model.problems import Problem, suggestion
from etcd_ops.model.versions import Line, gates, options, replacement
from etcd_ops.model.versions_data import Kind, Option

PATH = "etcd.extraConfig"

_URLS = "it follows from the members' URLs"
_BOOTSTRAP = "it belongs to forming and joining, which agents do"
_TRUST = "it follows from `trust` and the members' certificates"
_LOGS = "logs go to the process's standard error as JSON, for its runtime to keep"
OWNED: Mapping[str, str] = MappingProxyType(
    {
        "name": "it is the slot's name",
        "data-dir": "the data directory is the volume's",
        "wal-dir": "the write-ahead log is on the volume",
        "listen-peer-urls": _URLS,
        "listen-client-urls": _URLS,
        "listen-client-http-urls": _URLS,
        "listen-metrics-urls": _URLS,
        "initial-advertise-peer-urls": _URLS,
        "advertise-client-urls": _URLS,
        "initial-cluster": _BOOTSTRAP,
        "initial-cluster-state": _BOOTSTRAP,
        "initial-cluster-token": _BOOTSTRAP,
        "discovery": _BOOTSTRAP,
        "discovery-config": _BOOTSTRAP,
        "discovery-proxy": _BOOTSTRAP,
        "discovery-srv": _BOOTSTRAP,
        "discovery-srv-name": _BOOTSTRAP,
        "force-new-cluster": "it belongs to recovery: `etcd-ops recover`",
        "strict-reconfig-check": "it is always on: the agents' membership changes rely on it",
        "pre-vote": "it is always on: a returning member must not disturb the leader",
        "unsafe-no-fsync": "acknowledged writes would be lost with the power",
        "enable-v2": "it forbids the upgrade to 3.6",
        "experimental-enable-v2v3": "it forbids the upgrade to 3.6",
        "v2-deprecation": "it skips the checks of an upgrade",
        "client-transport-security": _TRUST,
        "peer-transport-security": _TRUST,
        "experimental-peer-skip-client-san-verification": _TRUST,
        "self-signed-cert-validity": "etcd issues no certificates here: see `renewal.validityHours`",
        "socket-options": "two processes must never share a port",
        "logger": _LOGS,
        "log-format": _LOGS,
        "log-outputs": _LOGS,
        "enable-log-rotation": _LOGS,
        "log-rotation-config-json": _LOGS,
        "log-level": "use `etcd.logLevel`",
        "heartbeat-interval": "use `etcd.heartbeatIntervalMs`",
        "election-timeout": "use `etcd.electionTimeoutMs`",
        "snapshot-count": "use `etcd.snapshotCount`",
        "quota-backend-bytes": "use `etcd.quotaBackendBytes`",
        "auto-compaction-mode": "use `etcd.autoCompactionMode`",
        "auto-compaction-retention": "use `etcd.autoCompactionRetention`",
        "max-request-bytes": "use `etcd.maxRequestBytes`",
        "max-learners": "use `etcd.maxLearners`",
    }
)
"""Keys that this package sets itself, and what to do instead."""

_POSITIVE = frozenset({"compact-hash-check-time", "experimental-compact-hash-check-time"})
"""Durations that etcd refuses unless they are above 0 (`Config.Validate` in server/embed/config.go)."""


def parse_gates(text: str) -> dict[str, bool] | None:
    """The feature gates in `A=true,B=false`; None where it is not written so."""
    found: dict[str, bool] = {}
    for part in text.split(","):
        name, separator, value = part.strip().partition("=")
        if not name or not separator or value not in ("true", "false"):
            return None
        found[name] = value == "true"
    return found


def extra_config_problems(line: Line, extra: Mapping[str, Any]) -> tuple[Problem, ...]:
    """What is wrong with `etcd.extraConfig` for a line of etcd.

    Args:
        line: a known line.
        extra: keys and values as they would stand in the configuration file.
    """
    found = [problem for key, value in extra.items() if (problem := _problem(line, key, value)) is not None]
    broken = {problem.path for problem in found}
    sound = {key: value for key, value in extra.items() if f"{PATH}.{key}" not in broken}
    return (*found, *_combinations(sound))


def _problem(line: Line, key: str, value: Any) -> Problem | None:
    path = f"{PATH}.{key}"
    option = options(line).get(key)
    if option is None and key not in OWNED:
        return _unknown(line, path, key)
    if key in OWNED:
        return Problem(path, "this key is not free to choose", OWNED[key])
    if option is not None and option.replaced_by:
        remedy = f"write `{option.replaced_by}` instead"
        return Problem(path, f"etcd {line} calls it deprecated, and {line.next} ignores it", remedy)
    return _wrong_value(line, path, option, value) if option is not None else None


def _unknown(line: Line, path: str, key: str) -> Problem:
    renamed = replacement(key)
    free = [name for name, option in options(line).items() if name not in OWNED and not option.replaced_by]
    remedy = f"write `{renamed}` instead" if renamed else suggestion(key, free) or "remove it"
    return Problem(path, f"etcd {line} does not know this key, and would ignore it", remedy)


def _wrong_value(line: Line, path: str, option: Option, value: Any) -> Problem | None:
    if not _is_of(option.kind, value):
        return Problem(path, f"must be {option.kind.value}, not {value!r}", _rewritten(option.kind, value))
    if option.choices and value not in option.choices:
        return Problem(path, f"etcd does not accept {value!r}", f"use one of {', '.join(option.choices)}")
    if option.name in _POSITIVE and value <= 0:
        return Problem(path, "must be above 0", "leave it out for etcd's default of one minute")
    if option.name == "feature-gates":
        return _wrong_gates(line, path, value)
    return None


def _is_of(kind: Kind, value: Any) -> bool:
    number = isinstance(value, int) and not isinstance(value, bool)
    if kind in (Kind.INTEGER, Kind.UNSIGNED, Kind.DURATION):
        return number and (kind is Kind.INTEGER or value >= 0)
    if kind is Kind.BOOLEAN:
        return isinstance(value, bool)
    if kind is Kind.STRINGS:
        return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)
    if kind is Kind.OBJECT:
        return isinstance(value, Mapping)
    return isinstance(value, str)


def _rewritten(kind: Kind, value: Any) -> str:
    length = nanoseconds(value) if kind is Kind.DURATION and isinstance(value, str) else None
    return f"write {length}" if length is not None else ""


def _wrong_gates(line: Line, path: str, value: str) -> Problem | None:
    chosen = parse_gates(value)
    if chosen is None:
        return Problem(path, f"cannot read {value!r}", 'write "Gate=true,Other=false"')
    for name in chosen:
        if name not in gates(line):
            remedy = suggestion(name, gates(line)) or f"use some of {', '.join(gates(line))}"
            return Problem(path, f"etcd {line} has no feature gate {name!r}, and would not start", remedy)
    if chosen.get("LeaseCheckpointPersist") and not chosen.get("LeaseCheckpoint"):
        return Problem(path, "LeaseCheckpointPersist needs LeaseCheckpoint", "add LeaseCheckpoint=true")
    return None


def _combinations(extra: Mapping[str, Any]) -> Iterator[Problem]:
    lowest, highest = extra.get("tls-min-version"), extra.get("tls-max-version")
    if lowest == "TLS1.3" and highest == "TLS1.2":
        yield Problem(f"{PATH}.tls-max-version", "is below tls-min-version", "leave it out")
    if lowest == "TLS1.3" and extra.get("cipher-suites"):
        reason = "etcd does not start with cipher suites and a minimum of TLS 1.3, which fixes them"
        yield Problem(f"{PATH}.cipher-suites", reason, "leave it out")
    persist, checkpoint = "experimental-enable-lease-checkpoint-persist", "experimental-enable-lease-checkpoint"
    if extra.get(persist) and not extra.get(checkpoint):
        yield Problem(f"{PATH}.{persist}", f"needs {checkpoint}", f"add {checkpoint}: true")
