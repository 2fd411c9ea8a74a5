"""Rendered configurations under the real programs: they start, serve, and do what was declared."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.model.configuration import Files, Initial, render
from etcd_ops.model.durations import SECOND
from etcd_ops.model.extra_config import extra_config_problems
from etcd_ops.model.spec import ClusterSpec
from etcd_ops.model.versions import LINES, RELEASES, Version, cannot_open, gates, key_on
from etcd_ops.programs.etcd import obtain
from tests.etcd.authority import Authority
from tests.model.samples import at, body, spec
from tests.model.test_versions_etcd import refusal

pytestmark = pytest.mark.etcd

ADDRESS = "127.44.0.1"
GIB = 1024**3
EXPECTED_WARNING = "Running http and grpc server on single port"
"""Given whenever `listen-client-http-urls` is not set; gRPC and HTTP share the client port on purpose."""


@dataclass
class Member:
    spec: ClusterSpec
    files: Files
    folder: Path
    program: Path

    def url(self, kind: str) -> str:
        url: str = getattr(self.spec.members["a-1"], f"{kind}_url")
        return url

    @property
    def initial(self) -> Initial:
        return Initial("new", (("a-1", self.url("peer")),), "token")

    @contextmanager
    def running(self, initial: Initial | None) -> Iterator[subprocess.Popen[bytes]]:
        """The process, which writes `self.log()`."""
        file = self.folder / "etcd.yaml"
        file.write_text(render(self.spec, "a-1", self.files, initial).text)
        with (self.folder / "log").open("wb") as log:
            process = subprocess.Popen([self.program, "--config-file", file], stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "log").read_text().splitlines() if line.endswith("}")]

    def get(self, path: str) -> str:
        """An answer of the loopback listener for metrics and health."""
        found = re.fullmatch(r"http://(.*):(\d+)", self.url("health"))
        assert found is not None
        connection = http.client.HTTPConnection(found[1], int(found[2]), timeout=5)
        connection.request("GET", path)
        return connection.getresponse().read().decode()

    def healthy(self) -> bool:
        try:
            return bool(json.loads(self.get("/health"))["health"] == "true")
        except (OSError, ValueError, http.client.HTTPException):
            return False


def eventually(condition: Callable[[], bool], process: subprocess.Popen[bytes] | None) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert process is None or process.poll() is None, "etcd ended by itself"
        assert time.monotonic() < deadline, "it did not come about within 20 s"
        time.sleep(0.02)


def free_ports(count: int) -> list[int]:
    listeners = [socket.create_server((ADDRESS, 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


@pytest.fixture(scope="session")
def authorities() -> dict[str, Authority]:
    return {name: Authority(f"configuration-{name}") for name in ("peer", "client")}


def written(folder: Path, name: str, content: bytes) -> str:
    path = folder / name
    path.write_bytes(content)
    return str(path)


@pytest.fixture
def member(version: Version, program: Path, tmp_path: Path, authorities: dict[str, Authority]) -> Member:
    """A cluster of one, with every declared setting away from its default."""
    client, peer, health, metrics = free_ports(4)
    leaves = {name: authority.issue("a-1", [ADDRESS, "127.0.0.1"]) for name, authority in authorities.items()}
    files = Files(
        data=str(tmp_path / "data"),
        peer_certificate=written(tmp_path, "peer.pem", leaves["peer"].certificate_pem),
        peer_key=written(tmp_path, "peer-key.pem", leaves["peer"].key_pem),
        peer_trust=written(tmp_path, "peer-ca.pem", leaves["peer"].ca_pem),
        server_certificate=written(tmp_path, "server.pem", leaves["client"].certificate_pem),
        server_key=written(tmp_path, "server-key.pem", leaves["client"].key_pem),
        client_trust=written(tmp_path, "client-ca.pem", leaves["client"].ca_pem),
    )
    document = body(size=1)
    document["members"]["a-1"] |= {
        "clientUrl": f"https://{ADDRESS}:{client}",
        "peerUrl": f"https://{ADDRESS}:{peer}",
        "healthUrl": f"http://{ADDRESS}:{health}",
        "metricsUrl": f"https://{ADDRESS}:{metrics}",
    }
    document["etcd"] |= {
        "version": str(version),
        "quotaBackendBytes": 3 * GIB,
        "heartbeatIntervalMs": 50,
        "electionTimeoutMs": 500,
        "snapshotCount": 4321,
        "autoCompactionMode": "periodic",
        "autoCompactionRetention": "90m",
        "maxRequestBytes": 2_000_000,
        "maxLearners": 1 if key_on(version.line, "max-learners") is None else 2,
        "extraConfig": {
            "max-concurrent-streams": 5000,
            key_on(version.line, "corrupt-check-time"): 7200 * SECOND,
        },
    }
    declared = spec(document)
    assert extra_config_problems(version.line, declared.etcd.extra_config) == ()
    return Member(declared, files, tmp_path, program)


def test_it_serves_with_what_was_declared(member: Member, version: Version) -> None:
    with member.running(member.initial) as process:
        eventually(member.healthy, process)
        started = next(line for line in member.log() if line["msg"] == "starting an etcd server")
        metrics = member.get("/metrics")
    declared = {
        "name": "a-1",
        "data-dir": member.files.data,
        "heartbeat-interval": "50ms",
        "election-timeout": "500ms",
        "snapshot-count": 4321,
        "quota-backend-bytes": 3 * GIB,
        "max-request-bytes": 2_000_000,
        "max-concurrent-streams": 5000,
        "pre-vote": True,
        "corrupt-check-time-interval": "2h0m0s",
        "auto-compaction-mode": "periodic",
        "auto-compaction-interval": "1h30m0s",
        "listen-peer-urls": [member.url("peer")],
        "initial-advertise-peer-urls": [member.url("peer")],
        "listen-client-urls": [member.url("client")],
        "advertise-client-urls": [member.url("client")],
        "listen-metrics-urls": [member.url("health")],
        "initial-cluster-state": "new",
        "initial-cluster-token": "token",
    }
    if key_on(version.line, "max-learners") is not None:
        declared["max-learners"] = 2
    assert {key: started.get(key) for key in declared} == declared
    assert f"etcd_server_quota_backend_bytes {3 * GIB:.9e}" in metrics
    if not gates(version.line):
        assert (started["initial-corrupt-check"], started["compact-check-time-enabled"]) == (True, True)
    for gate in {"InitialCorruptCheck", "CompactHashCheck"} & gates(version.line).keys():
        assert f'etcd_server_feature_enabled{{name="{gate}",stage="ALPHA"}} 1' in metrics


def warnings(member: Member) -> set[str]:
    """What etcd warns of while it reads its configuration, before it starts its server."""
    with member.running(member.initial) as process:
        eventually(member.healthy, process)
        lines = member.log()
    before = lines[: [line["msg"] for line in lines].index("starting an etcd server")]
    loud = {line["msg"] for line in before if line["level"] not in ("debug", "info")}
    return {text for text in loud if not text.startswith(EXPECTED_WARNING)}


def test_it_warns_of_nothing(member: Member) -> None:
    assert warnings(member) == set()


@pytest.mark.parametrize("version", [RELEASES[1]], indirect=True, ids=str)
def test_a_deprecated_key_would_be_warned_of(member: Member) -> None:
    extra = {"experimental-warning-apply-duration": SECOND}
    member.spec = ClusterSpec.model_validate(at(member.spec.to_wire(), "etcd.extraConfig", extra))
    assert any("experimental-warning-apply-duration" in text for text in warnings(member))


def answers(member: Member, kind: str, context: ssl.SSLContext) -> bool:
    found = re.fullmatch(r"https://(.*):(\d+)", member.url(kind))
    assert found is not None
    connection = http.client.HTTPSConnection(found[1], int(found[2]), timeout=5, context=context)
    try:
        connection.request("GET", "/version")
        return connection.getresponse().status == 200
    except (ssl.SSLError, ConnectionResetError):
        return False


def context(member: Member, trust: str, certificate: str = "", key: str = "") -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=trust)
    if certificate:
        made.load_cert_chain(certificate, key)
    return made


def test_both_ports_want_a_certificate_of_their_own_authority(member: Member) -> None:
    files = member.files
    peer, client = (files.peer_certificate, files.peer_key), (files.server_certificate, files.server_key)
    with member.running(member.initial) as process:
        eventually(member.healthy, process)
        assert answers(member, "peer", context(member, files.peer_trust, *peer))
        assert answers(member, "client", context(member, files.client_trust, *client))
        assert not answers(member, "peer", context(member, files.peer_trust))
        assert not answers(member, "client", context(member, files.client_trust))
        assert not answers(member, "peer", context(member, files.peer_trust, *client))
        assert not answers(member, "client", context(member, files.client_trust, *peer))


def test_it_starts_again_with_its_data_only(member: Member) -> None:
    with member.running(member.initial) as process:
        eventually(member.healthy, process)
    with member.running(None) as process:
        eventually(member.healthy, process)
    assert any(line["msg"].startswith("starting initial corruption check") for line in member.log())
    Path(member.files.data).rename(member.folder / "lost")
    with member.running(None) as process:
        assert process.wait(timeout=30) != 0
    assert any("cannot fetch cluster info" in json.dumps(line) for line in member.log())


REFUSED: list[tuple[str, Any]] = [
    ("compact-hash-check-time", 0),
    ("feature-gates", "LeaseCheckpointPersist=true"),
    ("feature-gates", "NoSuchGate=true"),
    ("experimental-enable-lease-checkpoint-persist", True),
    ("corrupt-check-time", "2h"),
    ("max-txn-ops", -1),
    ("enable-pprof", "yes"),
]


@pytest.mark.parametrize(("key", "value"), REFUSED)
def test_what_etcd_refuses_is_refused_before(
    version: Version, program: Path, tmp_path: Path, key: str, value: Any
) -> None:
    name = key_on(version.line, key)
    if name is None or (name == "feature-gates" and not gates(version.line)):
        pytest.skip(f"etcd {version.line} has no key {key}")
    assert extra_config_problems(version.line, {name: value})
    assert refusal(program, tmp_path, {name: value})


def test_cipher_suites_of_tls_13_are_refused_before(member: Member) -> None:
    extra = {"tls-min-version": "TLS1.3", "cipher-suites": ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]}
    document = at(member.spec.to_wire(), "etcd.extraConfig", extra)
    assert extra_config_problems(Version.parse(member.spec.etcd.version).line, extra)
    member.spec = ClusterSpec.model_validate(document)
    with member.running(member.initial) as process:
        assert process.wait(timeout=30) != 0


OTHER_PROGRAMS = [(newer, older) for newer in RELEASES for older in RELEASES if newer.line > older.line]


def with_program(member: Member, version: Version) -> Member:
    """The same member under another version, with its own defaults for what the test varies."""
    document = at(member.spec.to_wire(), "etcd.version", str(version))
    document["etcd"] |= {"maxLearners": 1, "extraConfig": {}}
    return replace(member, spec=ClusterSpec.model_validate(document), program=obtain(str(version)) / "etcd")


def raised_to(member: Member, version: Version) -> bool:
    return member.healthy() and f'etcd_cluster_version{{cluster_version="{version.line}"}} 1' in member.get("/metrics")


@pytest.mark.parametrize("version", [RELEASES[-1]], indirect=True, ids=str)
@pytest.mark.parametrize(("newer", "older"), OTHER_PROGRAMS, ids=str)
def test_older_programs_refuse_what_the_model_says_they_cannot_open(
    member: Member, newer: Version, older: Version
) -> None:
    above, below = with_program(member, newer), with_program(member, older)
    with above.running(above.initial) as process:
        eventually(lambda: raised_to(above, newer), process)
    assert cannot_open(older, newer.line, None)
    with below.running(None) as process:
        assert process.wait(timeout=30) != 0


def upgraded(member: Member, settle: Callable[[Member], None]) -> int | None:
    """Take a member's data from 3.5 through 3.6 to 3.7; how 3.7 ended, None where it serves.

    `settle` is called while the member runs 3.6.
    """
    old, middle, new = (with_program(member, version) for version in RELEASES)
    for each, initial in ((old, member.initial), (middle, None)):
        with each.running(initial) as process:
            eventually(partial(raised_to, each, Version.parse(each.spec.etcd.version)), process)
            if each is middle:
                settle(middle)
            process.terminate()
            process.wait(timeout=30)
    with new.running(None) as process:
        eventually(lambda: process.poll() is not None or raised_to(new, RELEASES[-1]), None)
        return process.poll()


def snapshot_by_downgrade(member: Member) -> None:
    """What `LineData.replays_v2` says makes a member take a raft snapshot."""
    downgrade(member, "enable", "3.5")
    eventually(lambda: any(Path(member.files.data).rglob("*.snap")), None)
    downgrade(member, "cancel")
    eventually(partial(raised_to, member, Version.parse(member.spec.etcd.version)), None)


def downgrade(member: Member, *arguments: str) -> None:
    credentials = {
        "ETCDCTL_ENDPOINTS": member.url("client"),
        "ETCDCTL_CACERT": member.files.client_trust,
        "ETCDCTL_CERT": member.files.server_certificate,
        "ETCDCTL_KEY": member.files.server_key,
    }
    command = [str(member.program.parent / "etcdctl"), "downgrade", *arguments]
    subprocess.run(command, env=credentials, check=True, capture_output=True, timeout=30)


@pytest.mark.parametrize("version", [RELEASES[-1]], indirect=True, ids=str)
def test_what_3_5_wrote_must_lie_behind_a_snapshot_before_3_7(member: Member) -> None:
    assert not LINES[RELEASES[-1].line].replays_v2
    assert upgraded(member, lambda _: None) not in (None, 0)
    assert "unmarshal should never fail" in (member.folder / "log").read_text()


@pytest.mark.parametrize("version", [RELEASES[-1]], indirect=True, ids=str)
def test_enabling_and_cancelling_a_downgrade_takes_that_snapshot(member: Member) -> None:
    assert upgraded(member, snapshot_by_downgrade) is None
