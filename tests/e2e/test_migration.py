"""A cluster that somebody else started is moved over to declared members, and back, while it serves."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.programs import etcd as programs
from tests.e2e.by_hand import ByHand
from tests.e2e.conftest import MakeStack
from tests.e2e.migrating import Migrated, given
from tests.e2e.stack import SLOTS
from tests.etcd.authority import Authority
from tests.workload.connection import write_connection
from tests.workload.workload import Workload

pytestmark = [pytest.mark.engine, pytest.mark.etcd, pytest.mark.timeout(1800), pytest.mark.xdist_group("migration")]

NAMES = ("etcd-0", "etcd-1", "etcd-2")


@dataclass
class StartedByHand:
    """Three members that a plain script started, with TLS."""

    program: Path
    network: str
    folder: Path
    authorities: Mapping[str, Authority]
    """By trust: whose certificates its members have."""
    own: Authority
    """Of the declared members' clients, which it believes as well."""
    processes: dict[str, ByHand] = field(default_factory=dict)

    def url(self, name: str, port: int) -> str:
        """Of a member's client or peer listener."""
        return f"https://{self.network}.{1 + NAMES.index(name)}:{port}"

    @property
    def declared(self) -> dict[str, Any]:
        """The members as a migration names them."""
        return {name: {"peer_url": self.url(name, 2380), "client_url": self.url(name, 2379)} for name in NAMES}

    def start_anew(self, name: str, initial: str, state: str) -> None:
        """See `tests.e2e.migrating.Origin`."""
        if name in self.processes:
            self.processes.pop(name).end()
        folder = self.folder / name
        shutil.rmtree(folder / "data", ignore_errors=True)
        configuration = {
            "name": name,
            "data-dir": str(folder / "data"),
            "listen-client-urls": self.url(name, 2379),
            "advertise-client-urls": self.url(name, 2379),
            "listen-peer-urls": self.url(name, 2380),
            "initial-advertise-peer-urls": self.url(name, 2380),
            "initial-cluster": initial,
            "initial-cluster-state": state,
            "initial-cluster-token": "by-hand",
            "client-transport-security": self._security(name, "client"),
            "peer-transport-security": self._security(name, "peer"),
        }
        self.processes[name] = ByHand(self.program, configuration, folder)

    def _security(self, name: str, trust: str) -> dict[str, Any]:
        number = 1 + NAMES.index(name)
        files = leaf(self.authorities[trust], f"{name}-{trust}", ["127.0.0.1", f"{self.network}.{number}"], self.folder)
        if trust == "client":
            files["ca"].write_bytes(files["ca"].read_bytes() + self.own.certificate_pem)
        return {
            "trusted-ca-file": str(files["ca"]), "cert-file": str(files["cert"]), "key-file": str(files["key"]),
            "client-cert-auth": True,
        }  # fmt: skip

    def form(self) -> None:
        """Start all of them as a cluster."""
        initial = ",".join(f"{name}={self.url(name, 2380)}" for name in NAMES)
        for name in NAMES:
            self.start_anew(name, initial, "new")

    def end(self) -> None:
        """End what runs."""
        for process in self.processes.values():
            process.end()


def leaf(authority: Authority, name: str, addresses: list[str], folder: Path) -> dict[str, Path]:
    """A leaf, its key and its authority as files."""
    made = authority.issue(name, addresses)
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for kind, content in (("ca", made.ca_pem), ("cert", made.certificate_pem), ("key", made.key_pem)):
        files[kind] = folder / f"{name}-{kind}.pem"
        files[kind].write_bytes(content)
    return files


@dataclass(frozen=True)
class Begun:
    """How an origin was begun, and where."""

    networks: tuple[str, str]
    """First three numbers of the addresses of its members, and of the declared ones."""
    version: str
    one_authority: bool
    """As kubeadm has it, for peers and clients alike; it was made to believe the declared clients' as well."""


@pytest.fixture
def migrated(begun: Begun, make_stack: MakeStack, tmp_path: Path) -> Iterator[Migrated]:
    """An origin that serves, and a stack that is not up yet."""
    from_network, network = begun.networks
    peers, own = Authority("by-hand"), Authority("for-clients")
    clients = peers if begun.one_authority else own
    trust: dict[str, Any] = {"peer": {"authorities": {"1": given(peers)}}, "client": {"authorities": {"1": given(own)}}}
    if begun.one_authority:
        trust["client"] = {"generations": [1, 2], "issuer": 1, "authorities": {"1": given(own), "2": given(peers)}}
    stack = make_stack(network, trust=trust)
    program = programs.obtain(begun.version) / "etcd"
    origin = StartedByHand(program, from_network, tmp_path / "origin", {"peer": peers, "client": clients}, own)
    files = leaf(clients, "client", [], tmp_path)
    files["ca"].write_bytes(clients.certificate_pem + own.certificate_pem)
    connection, ours = tmp_path / "connection.json", [f"https://{network}.{number}:2379" for number in (1, 2, 3)]
    endpoints = [*(origin.url(name, 2379) for name in NAMES), *ours]
    write_connection(connection, endpoints, ca=files["ca"], cert=files["cert"], key=files["key"])
    origin.form()
    yield Migrated(origin, stack, SLOTS, connection)
    origin.end()


@pytest.mark.parametrize("begun", [Begun(("127.0.66", "127.0.67"), "3.5.34", one_authority=True)])
def test_a_cluster_that_others_started_is_taken_over(migrated: Migrated, tmp_path: Path) -> None:
    """Forward to the end, from the minor version before and kubeadm's one authority, without losing a write."""
    with Workload(migrated.connection, tmp_path / "workload") as load:
        migrated.looks_first()
        migrated.goes_forward(load)
    load.check()


@pytest.mark.soak
@pytest.mark.parametrize("begun", [Begun(("127.0.68", "127.0.69"), "3.6.15", one_authority=False)])
def test_it_goes_back_from_every_step(migrated: Migrated, tmp_path: Path) -> None:
    """Before the first removal by leaving; after it, old members are brought in first. tests/nodes has the same."""
    with Workload(migrated.connection, tmp_path / "workload") as load:
        migrated.goes_back_from_every_step(load)
    load.check()
