"""What etcd's minor lines know: configuration keys, feature gates, minimum patches. Data for `versions`.

Keys and types are those of the struct tags in `server/embed/config.go`, gates those of
`server/features/etcd_features.go`, at the tags v3.5.34, v3.6.15 and v3.7.2 of go.etcd.io/etcd/server/v3,
proved against the real programs by tests/model/test_versions_etcd.py. Minimum patches: etcd's CHANGELOG-3.5,
-3.6 and -3.7, and the upgrade guides of etcd.io.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

_FIRST_MINOR = 5


class Kind(Enum):
    """Type of a value in etcd's configuration file."""

    BOOLEAN = "a boolean"
    INTEGER = "an integer"
    UNSIGNED = "an integer of at least 0"
    DURATION = "a duration as an integer number of nanoseconds"
    """Strings such as 10m are only understood as flags (comment on `Config` in server/embed/config.go)."""
    STRING = "a string"
    URLS = "a string of URLs separated by commas"
    STRINGS = "a list of strings"
    OBJECT = "an object"


@dataclass(frozen=True, slots=True)
class Option:
    """A key of etcd's configuration file."""

    name: str
    kind: Kind
    choices: tuple[str, ...] = ()
    """The only values etcd accepts; empty where it does not list them."""
    replaced_by: str = ""
    """Where the line accepts this key but has a better one: that key, or `feature-gates: Gate`."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A feature gate, as it is unless `feature-gates` says otherwise."""

    name: str
    default: bool


@dataclass(frozen=True, slots=True)
class Minimum:
    """A patch release that must be reached, and why."""

    patch: int
    reason: str


@dataclass(frozen=True, slots=True)
class LineData:
    """One minor line of etcd 3."""

    minor: int
    upgrade_only: bool
    """It is known only so that clusters can be upgraded from it."""
    downgrades: bool
    """Whether a cluster whose version is this line may go back to the line before."""
    floor: Minimum
    """Older patches have defects on which the agents' own steps would founder: they are refused."""
    safe: Minimum
    """Older patches have published defects: policies advise against them."""
    before_next: Minimum | None
    """What every member must run before the first one is upgraded to the next line."""
    replays_v2: bool
    """Whether it can replay the raft entries in which 3.5 publishes members and the cluster version.

    3.7 panics on them (server/etcdserver/apply, `Apply`): they must lie behind a raft snapshot. etcd takes one after
    `snapshot-count` entries, and when the cluster version falls (`ClusterVersionSet`): enabling a downgrade and
    cancelling it is what makes every member take one at once.
    """
    options: Mapping[str, Option]
    gates: Mapping[str, Gate]


_NAMES: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.BOOLEAN: """
            enable-grpc-gateway enable-log-rotation enable-pprof force-new-cluster
            initial-election-tick-advance pre-vote strict-reconfig-check unsafe-no-fsync
        """,
        Kind.INTEGER: "backend-batch-limit quota-backend-bytes",
        Kind.UNSIGNED: """
            auth-token-ttl bcrypt-cost election-timeout heartbeat-interval max-concurrent-streams
            max-request-bytes max-snapshots max-txn-ops max-wals self-signed-cert-validity snapshot-count
        """,
        Kind.DURATION: """
            backend-batch-interval grpc-keepalive-interval grpc-keepalive-min-time grpc-keepalive-timeout
        """,
        Kind.STRING: """
            auth-token auto-compaction-retention cors data-dir discovery-srv discovery-srv-name host-whitelist
            initial-cluster initial-cluster-token log-rotation-config-json name v2-deprecation wal-dir
        """,
        Kind.URLS: """
            advertise-client-urls initial-advertise-peer-urls listen-client-http-urls listen-client-urls
            listen-metrics-urls listen-peer-urls
        """,
        Kind.STRINGS: "cipher-suites log-outputs",
        Kind.OBJECT: "client-transport-security peer-transport-security socket-options",
    }
)
_CHOICES: Mapping[str, str] = MappingProxyType(
    {
        "auto-compaction-mode": "periodic revision",
        "backend-bbolt-freelist-type": "array map",
        "initial-cluster-state": "existing new",
        "log-level": "debug error fatal info panic warn",
        "logger": "zap",
        "metrics": "basic extensive",
        "tls-max-version": "TLS1.2 TLS1.3",
        "tls-min-version": "TLS1.2 TLS1.3",
    }
)
_PLAIN = (
    *(Option(name, kind) for kind, names in _NAMES.items() for name in names.split()),
    *(Option(name, Kind.STRING, tuple(values.split())) for name, values in _CHOICES.items()),
)
"""Keys that every line has."""

RENAMED: tuple[tuple[str, str, Kind], ...] = (
    ("experimental-snapshot-catch-up-entries", "snapshot-catchup-entries", Kind.UNSIGNED),
    ("experimental-corrupt-check-time", "corrupt-check-time", Kind.DURATION),
    ("experimental-compact-hash-check-time", "compact-hash-check-time", Kind.DURATION),
    ("experimental-compaction-batch-limit", "compaction-batch-limit", Kind.INTEGER),
    ("experimental-compaction-sleep-interval", "compaction-sleep-interval", Kind.DURATION),
    ("experimental-watch-progress-notify-interval", "watch-progress-notify-interval", Kind.DURATION),
    ("experimental-warning-apply-duration", "warning-apply-duration", Kind.DURATION),
    (
        "experimental-bootstrap-defrag-threshold-megabytes",
        "bootstrap-defrag-threshold-megabytes",
        Kind.UNSIGNED,
    ),
    ("experimental-enable-distributed-tracing", "enable-distributed-tracing", Kind.BOOLEAN),
    ("experimental-distributed-tracing-address", "distributed-tracing-address", Kind.STRING),
    ("experimental-distributed-tracing-service-name", "distributed-tracing-service-name", Kind.STRING),
    ("experimental-distributed-tracing-instance-id", "distributed-tracing-instance-id", Kind.STRING),
    ("experimental-distributed-tracing-sampling-rate", "distributed-tracing-sampling-rate", Kind.INTEGER),
    ("experimental-downgrade-check-time", "downgrade-check-time", Kind.DURATION),
    ("experimental-memory-mlock", "memory-mlock", Kind.BOOLEAN),
)
"""3.5 knows the left name, 3.6 both, 3.7 the right one."""

GATE_OF_KEY: Mapping[str, str] = MappingProxyType(
    {
        "experimental-initial-corrupt-check": "InitialCorruptCheck",
        "experimental-compact-hash-check-enabled": "CompactHashCheck",
        "experimental-enable-lease-checkpoint": "LeaseCheckpoint",
        "experimental-enable-lease-checkpoint-persist": "LeaseCheckpointPersist",
        "experimental-stop-grpc-service-on-defrag": "StopGRPCServiceOnDefrag",
        "experimental-txn-mode-write-with-shared-buffer": "TxnModeWriteWithSharedBuffer",
    }
)
"""Booleans of 3.5 that became feature gates: 3.6 knows both, 3.7 the gates only."""

_ONLY_35 = (Option("enable-v2", Kind.BOOLEAN), Option("experimental-enable-v2v3", Kind.STRING))
_UNTIL_36 = (Option("discovery", Kind.STRING), Option("discovery-proxy", Kind.STRING))
_ONLY_36 = (
    Option(
        "experimental-warning-unary-request-duration",
        Kind.DURATION,
        replaced_by="warning-unary-request-duration",
    ),
    Option(
        "experimental-peer-skip-client-san-verification",
        Kind.BOOLEAN,
        replaced_by="peer-transport-security: skip-client-san-verification",
    ),
)
_SINCE_36 = (
    Option("warning-unary-request-duration", Kind.DURATION),
    Option("max-learners", Kind.INTEGER),
    Option("log-format", Kind.STRING, ("json", "console")),
    Option("feature-gates", Kind.STRING),
    Option("discovery-config", Kind.OBJECT),
)


def _options(minor: int) -> Mapping[str, Option]:
    superseded = minor > _FIRST_MINOR
    former = [Option(old, kind, replaced_by=new if superseded else "") for old, new, kind in RENAMED]
    switches = [
        Option(key, Kind.BOOLEAN, replaced_by=f"feature-gates: {gate}" if superseded else "")
        for key, gate in GATE_OF_KEY.items()
    ]
    current = [Option(new, kind) for _, new, kind in RENAMED]
    rows = {
        5: (*_PLAIN, *former, *switches, *_ONLY_35, *_UNTIL_36),
        6: (*_PLAIN, *former, *switches, *current, *_UNTIL_36, *_ONLY_36, *_SINCE_36),
        7: (*_PLAIN, *current, *_SINCE_36),
    }[minor]
    return MappingProxyType({option.name: option for option in rows})


_GATES_36 = (
    Gate("StopGRPCServiceOnDefrag", False),
    Gate("InitialCorruptCheck", False),
    Gate("CompactHashCheck", False),
    Gate("TxnModeWriteWithSharedBuffer", True),
    Gate("LeaseCheckpoint", False),
    Gate("LeaseCheckpointPersist", False),
    Gate("SetMemberLocalAddr", False),
    Gate("AllAlpha", False),
    Gate("AllBeta", False),
)
"""AllAlpha and AllBeta: pkg/featuregate/feature_gate.go."""
_GATES_37 = (*_GATES_36, Gate("FastLeaseKeepAlive", True), Gate("PriorityRequest", False))


def _gates(*gates: Gate) -> Mapping[str, Gate]:
    return MappingProxyType({gate.name: gate for gate in gates})


LINES: tuple[LineData, ...] = (
    LineData(
        minor=5,
        upgrade_only=True,
        downgrades=False,
        floor=Minimum(30, "before 3.5.30 adding a member is wrongly refused while another one is down"),
        safe=Minimum(33, "3.5.33 fixes GHSA-xg4h-6gfc-h4m8 and GHSA-6vch-q96h-7gc3"),
        before_next=Minimum(32, "3.6 asks for at least 3.5.32 on every member"),
        replays_v2=True,
        options=_options(5),
        gates=_gates(),
    ),
    LineData(
        minor=6,
        upgrade_only=False,
        downgrades=False,
        floor=Minimum(11, "before 3.6.11 adding a member is wrongly refused while another one is down"),
        safe=Minimum(14, "3.6.14 fixes GHSA-xg4h-6gfc-h4m8 and GHSA-6vch-q96h-7gc3"),
        before_next=Minimum(11, "3.7 asks for at least 3.6.11 on every member"),
        replays_v2=True,
        options=_options(6),
        gates=_gates(*_GATES_36),
    ),
    LineData(
        minor=7,
        upgrade_only=False,
        downgrades=True,
        floor=Minimum(0, "3.7.0 is the first release of its line"),
        safe=Minimum(1, "3.7.1 fixes GHSA-xg4h-6gfc-h4m8 and GHSA-6vch-q96h-7gc3"),
        before_next=None,
        replays_v2=False,
        options=_options(7),
        gates=_gates(*_GATES_37),
    ),
)

RELEASES: tuple[tuple[int, int, int], ...] = ((3, 5, 34), (3, 6, 15), (3, 7, 2))
"""Pinned releases that `tools/` and the local platform can obtain, one per line."""
