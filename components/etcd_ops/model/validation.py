"""What is wrong with one declaration by itself: all of it, each with the property's path and a remedy.

Policies judge what is unwise (bounds of a quota, spread over zones); here is what cannot work.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from etcd_ops.model.durations import nanoseconds
from etcd_ops.model.extra_config import extra_config_problems
from etcd_ops.model.listeners import listener_problems
from etcd_ops.model.migration_declared import declared_problems
from etcd_ops.model.problems import Invalid, Problem, suggestion
from etcd_ops.model.spec import (
    AgentSpec,
    ClusterSpec,
    EtcdSpec,
    MemberSpec,
    MigrationSpec,
    RenewalSpec,
    TrustSpec,
    TrustsSpec,
)
from etcd_ops.model.structure import Location, mapped, normalised, path_of, structural_problems
from etcd_ops.model.versions import LINES, RELEASES, Version, below_floor, key_on, options, release

UNKNOWN_FINGERPRINT = "0" * 64
"""Stands for the fingerprint of a certificate that a preview has yet to make."""
SIZES = (1, 3, 5, 7)
"""Members a cluster may have: an even number tolerates no more failures than one less, and more than seven slow
every write down (etcd's FAQ)."""
HEARTBEATS_PER_ELECTION = 5
LONGEST_ELECTION_MS = 50_000
"""`Config.Validate` in server/embed/config.go checks both."""
WINDOWS_PER_VALIDITY = 4
"""A leaf is renewed by the first `up` within `windowHours` of its end, so that one `up` per window keeps every leaf
valid. Four windows fit in a validity, so that an `up` renews few leaves, and none is renewed again at once."""

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_GENERATION = re.compile(r"[1-9]\d{0,8}")
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What of a declaration is sound enough to be judged further; None or absent where it is not."""

    size: int
    environment: str | None
    members: Mapping[str, MemberSpec]
    etcd: EtcdSpec | None
    trust: TrustsSpec | None
    agent: AgentSpec | None
    renewal: RenewalSpec | None
    migration: MigrationSpec | None


def problems(spec: ClusterSpec) -> tuple[Problem, ...]:
    """Everything wrong with a declaration; empty for a good one."""
    return tuple(
        _judged(
            _Parts(
                size=len(spec.members),
                environment=spec.environment,
                members=spec.members,
                etcd=spec.etcd,
                trust=spec.trust,
                agent=spec.agent,
                renewal=spec.renewal,
                migration=spec.migration,
            )
        )
    )


def parse(body: Mapping[str, Any], unknown: str = "") -> ClusterSpec:
    """Read a declaration as a user or the engine gives it.

    Args:
        body: in camelCase; whole numbers may be floats.
        unknown: what stands for a value that is not known yet, in a preview. Allowed for fingerprints of
            certificates only, which become `UNKNOWN_FINGERPRINT`.

    Raises:
        Invalid: with every problem.
    """
    found: list[Problem] = []
    known = mapped(normalised(body), lambda where, value: _known(where, value, unknown, found))
    try:
        spec = _validated(ClusterSpec, known)
    except ValidationError as error:
        _add(found, structural_problems(error, ClusterSpec))
        _add(found, _judged(_sound_parts(known)))
        raise Invalid(found) from error
    _add(found, problems(spec))
    if found:
        raise Invalid(found)
    return spec


def _add(found: list[Problem], more: Iterable[Problem]) -> None:
    """Extend `found`, with what concerns other properties: one wrong value is one problem."""
    known = {problem.path for problem in found}
    found.extend(problem for problem in more if problem.path not in known)


def _validated(model: type[Model], value: Any) -> Model:
    """`value` as `model`, without pydantic's conversions of strings and booleans into numbers."""
    return model.model_validate_json(json.dumps(value), strict=True)


def _known(location: Location, value: Any, unknown: str, found: list[Problem]) -> Any:
    """A leaf, with what stands for an unknown certificate; other unknown values are added to `found`."""
    certificate = bool(location) and (location[-2:-1] == ("authorities",) or location[-2:-1] == ("certificates",))
    if certificate and value == UNKNOWN_FINGERPRINT:
        found.append(Problem(path_of(location), "is a placeholder, not a fingerprint", "give the certificate's own"))
    if not unknown or value != unknown:
        return value
    if certificate:
        return UNKNOWN_FINGERPRINT
    reason = "is not known during a preview"
    found.append(Problem(path_of(location), reason, "compute it from arguments, not from another resource's outputs"))
    return value


def _sound_parts(body: Any) -> _Parts:
    """The parts of a broken declaration that can be judged all the same."""
    fields: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
    raw = fields.get("members")
    members = raw if isinstance(raw, Mapping) else {}
    sound = {name: _salvaged(MemberSpec, value) for name, value in members.items() if _LABEL.fullmatch(name)}
    environment = fields.get("environment")
    return _Parts(
        size=len(members),
        environment=environment if isinstance(environment, str) else None,
        members={name: member for name, member in sound.items() if member is not None},
        etcd=_salvaged(EtcdSpec, fields.get("etcd")),
        trust=_salvaged(TrustsSpec, fields.get("trust")),
        agent=_salvaged(AgentSpec, fields.get("agent")),
        renewal=_salvaged(RenewalSpec, fields.get("renewal")),
        migration=_salvaged(MigrationSpec, fields.get("migration")),
    )


def _salvaged(model: type[Model], value: Any) -> Model | None:
    """`value` as `model`, if need be without its optional properties that are wrong."""
    try:
        return _validated(model, value)
    except ValidationError as error:
        wrong = {each["loc"][0] for each in error.errors() if each["loc"]}
    if not wrong or not isinstance(value, Mapping):
        return None
    try:
        return _validated(model, {name: each for name, each in value.items() if name not in wrong})
    except ValidationError:
        return None


def _judged(parts: _Parts) -> Iterator[Problem]:
    if parts.environment is not None and not _LABEL.fullmatch(parts.environment):
        yield Problem(
            "environment", f"{parts.environment!r} is not a name", "use lower-case letters, digits and dashes"
        )
    if parts.size and parts.size not in SIZES:
        yield _wrong_size(parts.size)
    yield from listener_problems(parts.members)
    if parts.etcd is not None:
        yield from _etcd_problems(parts.etcd)
        yield from _space_problems(parts.members, parts.etcd)
    if parts.trust is not None:
        yield from _trusts_problems(parts.trust)
    yield from _leaf_problems(parts.members)
    if parts.agent is not None:
        yield from _agent_problems(parts.agent)
    if parts.renewal is not None:
        yield from _renewal_problems(parts.renewal)
    if parts.migration is not None:
        yield from declared_problems(parts.migration, parts.members)


def _wrong_size(size: int) -> Problem:
    if size > SIZES[-1]:
        return Problem("members", f"{size} members make every write slow", f"declare at most {SIZES[-1]}")
    reason = f"{size} members tolerate no more failures than {size - 1}"
    return Problem("members", reason, f"declare {size - 1} or {size + 1}")


def _etcd_problems(etcd: EtcdSpec) -> Iterator[Problem]:
    yield from _version_problems(etcd)
    if not etcd.binary.source.strip() or not etcd.binary.source.isprintable():
        yield Problem("etcd.binary.source", "is not a place to copy from", "give the path of etcd's program")
    for path, value in (
        ("quotaBackendBytes", etcd.quota_backend_bytes),
        ("heartbeatIntervalMs", etcd.heartbeat_interval_ms),
        ("snapshotCount", etcd.snapshot_count),
        ("maxRequestBytes", etcd.max_request_bytes),
        ("maxLearners", etcd.max_learners),
    ):
        if value < 1:
            yield Problem(f"etcd.{path}", f"must be at least 1, not {value}", "leave it out for the default")
    if 0 < etcd.quota_backend_bytes <= etcd.max_request_bytes:
        yield Problem("etcd.maxRequestBytes", "one request would not fit in the quota", "make it smaller")
    yield from _election_problems(etcd)
    yield from _compaction_problems(etcd)
    levels = options(RELEASES[-1].line)["log-level"].choices
    if etcd.log_level not in levels:
        remedy = suggestion(etcd.log_level, levels) or f"use one of {', '.join(levels)}"
        yield Problem("etcd.logLevel", f"{etcd.log_level!r} is not a level", remedy)


def _version_problems(etcd: EtcdSpec) -> Iterator[Problem]:
    path, pinned = "etcd.version", ", ".join(str(version) for version in RELEASES)
    try:
        version = Version.parse(etcd.version)
    except ValueError as error:
        yield Problem(path, str(error), f"declare one such as {pinned}")
        return
    if version.line not in LINES:
        yield Problem(path, f"etcd {version.line} is not known here", f"declare one such as {pinned}")
        return
    minimum = below_floor(version)
    if minimum is not None:
        yield Problem(path, f"{version} is not safe to operate: {minimum.reason}", f"declare {release(version.line)}")
    if etcd.max_learners > 1 and key_on(version.line, "max-learners") is None:
        yield Problem("etcd.maxLearners", f"etcd {version.line} allows one learner only", "leave it out")
    yield from extra_config_problems(version.line, etcd.extra_config)


def _election_problems(etcd: EtcdSpec) -> Iterator[Problem]:
    heartbeat, election, path = etcd.heartbeat_interval_ms, etcd.election_timeout_ms, "etcd.electionTimeoutMs"
    if election < HEARTBEATS_PER_ELECTION * heartbeat:
        reason = f"{election} ms is less than five heartbeats of {heartbeat} ms"
        yield Problem(path, reason, f"make it at least {HEARTBEATS_PER_ELECTION * heartbeat}")
    elif election < 1:
        yield Problem(path, f"must be at least 1, not {election}", "leave it out for the default")
    if election > LONGEST_ELECTION_MS:
        yield Problem(path, f"{election} ms is longer than etcd allows", f"make it at most {LONGEST_ELECTION_MS}")


def _compaction_problems(etcd: EtcdSpec) -> Iterator[Problem]:
    modes = options(RELEASES[-1].line)["auto-compaction-mode"].choices
    mode, retention = etcd.auto_compaction_mode, etcd.auto_compaction_retention
    if mode not in modes:
        yield Problem("etcd.autoCompactionMode", f"{mode!r} is not a mode", f"use one of {', '.join(modes)}")
        return
    number = re.fullmatch(r"\d{1,15}", retention) is not None
    if mode == "revision" and not number:
        reason = f"{retention!r} is not a number of revisions"
        yield Problem("etcd.autoCompactionRetention", reason, 'give a number in quotes, such as "1000"')
    if mode == "periodic" and not number and nanoseconds(retention) is None:
        reason = f"{retention!r} is not a duration"
        yield Problem("etcd.autoCompactionRetention", reason, 'give one such as "30m" or "1h"')


def _space_problems(members: Mapping[str, MemberSpec], etcd: EtcdSpec) -> Iterator[Problem]:
    for name, member in members.items():
        if member.volume_bytes <= etcd.quota_backend_bytes:
            reason = f"{member.volume_bytes} bytes do not hold a database of {etcd.quota_backend_bytes}"
            yield Problem(f"members.{name}.volumeBytes", reason, "enlarge the volume, or lower the quota")


def _trusts_problems(trusts: TrustsSpec) -> Iterator[Problem]:
    domains = {"peer": trusts.peer, "client": trusts.client, "metrics": trusts.metrics}
    issuers: dict[str, str] = {}
    for domain, trust in domains.items():
        yield from _trust_problems(f"trust.{domain}", trust)
        issuer = trust.authorities.get(str(trust.issuer), UNKNOWN_FINGERPRINT)
        one_for_both = trusts.shared and (issuers.get(issuer), domain) == ("peer", "client")
        if issuer != UNKNOWN_FINGERPRINT and issuer in issuers and not one_for_both:
            reason = f"the authority that issues for {issuers[issuer]} issues for {domain} too"
            yield Problem(f"trust.{domain}.issuer", reason, "give every trust an authority of its own")
        issuers.setdefault(issuer, domain)


def _trust_problems(path: str, trust: TrustSpec) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for generation, fingerprint in trust.authorities.items():
        where = f"{path}.authorities.{generation}"
        if not _GENERATION.fullmatch(generation):
            yield Problem(where, "is not a trust generation", "number authorities from 1")
        if fingerprint in seen and fingerprint != UNKNOWN_FINGERPRINT:
            yield Problem(where, f"is the authority of generation {seen[fingerprint]}", "make another authority")
        seen.setdefault(fingerprint, generation)
    if str(trust.issuer) not in trust.authorities:
        listed = ", ".join(trust.authorities)
        yield Problem(f"{path}.issuer", f"generation {trust.issuer} is not among the authorities", f"use {listed}")


def _leaf_problems(members: Mapping[str, MemberSpec]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for name, member in members.items():
        for use, fingerprint in member.certificates:
            path = f"members.{name}.certificates.{use}"
            if fingerprint in seen and fingerprint != UNKNOWN_FINGERPRINT:
                yield Problem(
                    path, f"is the certificate of {seen[fingerprint]}", "issue one for every use of every member"
                )
            seen.setdefault(fingerprint, path)


def _agent_problems(agent: AgentSpec) -> Iterator[Problem]:
    if not agent.version.strip():
        yield Problem("agent.version", "must not be empty", "give the version of etcd-ops")
    if not agent.command or not all(part.strip() for part in agent.command):
        yield Problem("agent.command", "has an empty part, or none", "give the program, such as etcd-ops")


def _renewal_problems(renewal: RenewalSpec) -> Iterator[Problem]:
    validity, window = renewal.validity_hours, renewal.window_hours
    if validity < WINDOWS_PER_VALIDITY * window:
        reason = f"{WINDOWS_PER_VALIDITY} windows of {window} h do not fit in a validity of {validity} h"
        remedy = f"make it at most {validity // WINDOWS_PER_VALIDITY}, or the validity longer"
        yield Problem("renewal.windowHours", reason, remedy)
