"""The desired document: what a stack declares, and every agent beside a member reads.

A frozen, tolerant envelope (`Desired`) surrounds a strict body (`ClusterSpec`): a field of the body that an agent does
not know makes the agent hold at the last document it understood, never stop.
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, StringConstraints, ValidationError, model_serializer

from etcd_ops.model.document import Strict, Tolerant, digest

FORMAT = 1
"""The format written by this version. Readers accept documents whose `minimum_reader` is at most this."""

Fingerprint = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 of a certificate's DER encoding, in lower-case hexadecimal."""
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
"""A DNS label (RFC 1123): usable as a file name, host name and Kubernetes name."""


class Mode(str, Enum):
    """What agents may do for the cluster."""

    ACTIVE = "active"
    PAUSED = "paused"
    """No step that changes a member; intact members still start."""
    OBSERVE_ONLY = "observe-only"
    """Decide and publish what would be done, but do nothing."""
    RETIRING = "retiring"
    """The cluster is being taken down: nothing is healed."""


class FormationMode(str, Enum):
    """Whether this cluster's data may be created, is there already, or is taken over from somebody else."""

    NEW = "new"
    EXISTING = "existing"
    ADOPT = "adopt"
    JOIN = "join"
    """Somebody else's members serve it, and ours join them (`MigrationSpec`): it is never formed here."""


class Formation(Tolerant):
    token: str
    """Names one forming of this cluster; also etcd's initial-cluster-token. Chosen by whoever first declares it."""
    mode: FormationMode


class MemberCertificates(Strict):
    peer: Fingerprint
    server: Fingerprint
    metrics: Fingerprint
    agent: Fingerprint
    """Client certificate with which this member's agent speaks to etcd."""


class _Grown(Strict):
    """A part that has got optional fields since agents began to read it: where they say nothing, they are left out."""

    @model_serializer(mode="wrap")
    def _without_silent_fields(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        found: dict[str, Any] = serialise(self)
        silent = [(name, field) for name, field in type(self).model_fields.items() if not field.is_required()]
        for name, field in silent:
            if getattr(self, name) == field.default:
                found.pop(name, None)
                found.pop(field.alias or name, None)
        return found


class MemberSpec(_Grown):
    zone: Name
    peer_url: str
    """`https://host:port` by which other members reach this one."""
    client_url: str
    """`https://host:port` that clients use."""
    metrics_url: str
    """`https://host:port` on which the agent republishes etcd's metrics, under the metrics trust."""
    health_url: str
    """`http://127.0.0.x:port`: etcd's own metrics and health listener; loopback only."""
    volume_bytes: int = Field(gt=0)
    certificates: MemberCertificates
    template: str = ""
    """Digest of the pod that the member is to run in; empty where it runs in none."""
    agent_template: str = ""
    """Digest of what its agent is to run in, where that changes without the member's pod: a pod of its own, or an image
    of its own in the member's; else empty."""
    loopback_url: str = ""
    """`https://127.0.0.1:port` at which clients on its own machine reach it, too; empty where they do not."""


class TrustSpec(Strict):
    """One trust: the certificate authorities believed, by trust generation, and the one whose leaves are used."""

    authorities: dict[str, Fingerprint] = Field(min_length=1)
    """Trust generation (decimal) to the fingerprint of its CA certificate."""
    issuer: int = Field(gt=0)


class TrustsSpec(_Grown):
    peer: TrustSpec
    client: TrustSpec
    metrics: TrustSpec
    shared: bool = False
    """Whether one authority may issue for peers and for clients, as that of a cluster that was adopted does."""


class Binary(_Grown):
    """etcd's program, as agents fetch it."""

    source: str
    """Where an agent copies it from: an absolute path on the member's machine, or in its pod, or `s3://bucket/key`."""
    sha256: Fingerprint
    digest_of: Literal["program", "image"] = "program"
    """What `sha256` is of: the program's own bytes, or the container image whose program the platform puts there."""


class EtcdSpec(Strict):
    """Settings of etcd, the same for every member. Names follow etcd's configuration keys."""

    version: str
    binary: Binary
    quota_backend_bytes: int = 2 * 1024**3
    heartbeat_interval_ms: int = 100
    election_timeout_ms: int = 1000
    snapshot_count: int = 10_000
    auto_compaction_mode: str = "periodic"
    auto_compaction_retention: str = "1h"
    max_request_bytes: int = 1_572_864
    max_learners: int = 1
    log_level: str = "info"
    extra_config: dict[str, Any] = Field(default_factory=dict)
    """Further keys of etcd's configuration file, checked against the keys that `version` knows."""


class HealingSpec(Strict):
    automatic_replacements_per_day: int = Field(default=1, ge=0)
    """How many members with a lost disk agents replace per day without `etcd-ops approve`."""


class RenewalSpec(Strict):
    """How long leaf certificates are valid, and how long before their end an `up` renews them (hours)."""

    validity_hours: int = Field(gt=0)
    window_hours: int = Field(gt=0)


class AgentSpec(_Grown):
    """The agent that should run beside every member."""

    version: str
    command: tuple[str, ...]
    """How to start it: program and leading arguments, without the subcommand."""
    archive: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = ""
    """SHA-256 of the archive from which a machine unpacks it; empty where it is there by other means."""


class MigrationPhase(str, Enum):
    """How far a migration may go."""

    JOIN = "join"
    """Declared members join the origin's, which all stay."""
    TAKE_OVER = "take-over"
    """Once every declared member is a healthy voter, one of them leads, and the origin's are removed one by one."""
    RETURN = "return"
    """Members of the origin that were removed come back one by one: each as a learner first."""
    LEAVE = "leave"
    """Declared members are removed one by one, until only the origin's are left."""


class OriginMember(Strict):
    """A member that somebody else runs."""

    peer_url: str
    """`https://host:port` under which the member list has it."""
    client_url: str
    """`https://host:port` at which agents reach it."""


class MigrationSpec(_Grown):
    """Where the cluster comes from, and how far it is moved over: its origin are members without agents of ours."""

    phase: MigrationPhase
    members: dict[str, OriginMember] = Field(min_length=1)
    """The origin's members by name; the name is of the declaration, and need not be etcd's."""
    keep: tuple[str, ...] = ()
    """Names among `members` of those that stay for now, while the others are removed."""


class ClusterSpec(Strict):
    """The strict body: one etcd cluster."""

    name: Name
    environment: str = "development"
    incarnation: int = Field(default=1, gt=0)
    members: dict[Name, MemberSpec] = Field(min_length=1)
    """Slots by name."""
    etcd: EtcdSpec
    trust: TrustsSpec
    agent: AgentSpec
    renewal: RenewalSpec
    healing: HealingSpec = HealingSpec()
    allow_outage: bool = False
    """Whether disruptive steps may stop a cluster of one or two voters."""
    migration: MigrationSpec | None = None
    """Whom the cluster is moved over from; None once that is over, and where it never was."""


def named_credentials(spec: ClusterSpec, slot: str) -> frozenset[str]:
    """Fingerprints of all authorities, and of the leaves of one declared slot."""
    trusts = (spec.trust.peer, spec.trust.client, spec.trust.metrics)
    authorities = {each for trust in trusts for each in trust.authorities.values()}
    return frozenset(authorities | set(spec.members[slot].certificates.to_wire().values()))


class Desired(Tolerant):
    """The envelope: everything an agent must understand even where the body is newer than itself."""

    format: int = FORMAT
    minimum_reader: int = 1
    generation: int = Field(gt=0)
    parent: str = ""
    """Digest of the document this one replaced and was judged against; empty where there was none to judge by."""
    owner: str
    """URN of the resource that writes this document."""
    former_owner: str | None = None
    """URN of the resource whose cluster this one takes over; None where it was this one's all along."""
    mode: Mode = Mode.ACTIVE
    formation: Formation
    body: dict[str, Any]

    @property
    def digest(self) -> str:
        """SHA-256 of the document's canonical encoding."""
        return digest(self.encode())


class Unreadable(Exception):
    """A desired document that this version cannot act on; the message says why."""


@lru_cache(maxsize=64)
def read_desired(data: bytes) -> tuple[Desired, ClusterSpec]:
    """Parse a desired document and its body.

    Raises:
        Unreadable: it is broken, needs a newer reader, or its body has fields this version does not know.
    """
    try:
        desired = Desired.decode(data)
        if desired.minimum_reader > FORMAT:
            raise Unreadable(f"needs a reader of format {desired.minimum_reader}; this agent reads up to {FORMAT}")
        return desired, ClusterSpec.model_validate(desired.body)
    except ValidationError as problem:
        raise Unreadable(describe(problem)) from problem


def describe(problem: ValidationError) -> str:
    """All problems of a validation on one line each: `path: reason`."""
    return "\n".join(
        f"{'.'.join(str(part) for part in error['loc']) or 'document'}: {error['msg']}" for error in problem.errors()
    )
