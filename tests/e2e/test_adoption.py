"""A cluster that was started by hand is taken over without losing a write."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.model.topology import Loopback, Topology, plan
from tests.e2e.by_hand import ByHand
from tests.e2e.conftest import MakeStack
from tests.e2e.stack import SLOTS, Stack
from tests.etcd.authority import Authority
from tests.workload.connection import write_connection
from tests.workload.workload import Workload

pytestmark = [pytest.mark.engine, pytest.mark.etcd, pytest.mark.timeout(900), pytest.mark.xdist_group("adoption")]

NETWORK = "127.0.64"


def test_a_cluster_started_by_hand_is_taken_over(
    adopting: Stack, members: dict[str, ByHand], connection: Path, tmp_path: Path
) -> None:
    """Nothing is touched until agents may act; then every member is handed over by one gated restart."""
    with Workload(connection, tmp_path / "workload") as load:
        adopting.up(mode="observe-only")
        observed = adopting.status()
        assert observed["quorum"]["healthy"] == 3
        assert all(reason.startswith("observing only; would ") for reason in adopting.reasons())
        assert all(member.runs() for member in members.values())
        with load.mark("takeover"):
            adopting.up(mode="active")
        assert not any(member.runs() for member in members.values())
        adopting.wait_in_order()
        assert adopting.status()["cluster_id"] == observed["cluster_id"]
        assert {each["id"] for each in adopting.status()["members"]} == {each["id"] for each in observed["members"]}
        assert [step for slot in SLOTS for _, step in adopting.done(slot)].count("RestartMember") == 3
        load.wait_for(acknowledged=20)
    load.check()


@pytest.fixture
def authorities() -> dict[str, Authority]:
    """Certificate authorities that somebody made by hand."""
    return {trust: Authority(f"by-hand-{trust}") for trust in ("peer", "client")}


@pytest.fixture
def adopting(make_stack: MakeStack, authorities: dict[str, Authority]) -> Stack:
    """A declaration of the same members, data directories and authorities; not up yet."""
    trust = {
        name: {
            "authorities": {"1": {"cert_pem": each.certificate_pem.decode(), "private_key_pem": each.key_pem.decode()}}
        }
        for name, each in authorities.items()
    }
    return make_stack(NETWORK, adopt=True, trust=trust)


@pytest.fixture
def members(adopting: Stack, authorities: dict[str, Authority], tmp_path: Path) -> Iterator[dict[str, ByHand]]:
    """Three members that a plain script started on the volumes' places."""
    topology = plan(["a", "b", "c"], Loopback(NETWORK), size=3)
    started = {
        slot: ByHand(adopting.etcd, configuration, tmp_path / slot)
        for slot, configuration in _configurations(adopting, topology, authorities, tmp_path).items()
    }
    yield started
    for member in started.values():
        member.end()


@pytest.fixture
def connection(members: dict[str, ByHand], authorities: dict[str, Authority], tmp_path: Path) -> Path:
    """How clients reach the cluster, before the takeover as after it."""
    files = _leaf(authorities["client"], "client", [], tmp_path)
    path = tmp_path / "connection.json"
    topology = plan(["a", "b", "c"], Loopback(NETWORK), size=3)
    endpoints = [slot.urls.client for slot in topology.slots]
    write_connection(path, endpoints, ca=files["ca"], cert=files["cert"], key=files["key"])
    return path


def _configurations(
    stack: Stack, topology: Topology, authorities: dict[str, Authority], folder: Path
) -> dict[str, dict[str, Any]]:
    """By slot: what a script would start etcd with."""
    token = secrets.token_hex(4)
    initial = ",".join(f"{slot.name}={slot.urls.peer}" for slot in topology.slots)
    found = {}
    for number, slot in enumerate(topology.slots, start=1):
        addresses = ["127.0.0.1", f"{NETWORK}.{number}"]
        security = {
            trust: {
                "trusted-ca-file": str(files["ca"]), "cert-file": str(files["cert"]), "key-file": str(files["key"]),
                "client-cert-auth": True,
            }
            for trust in authorities
            for files in [_leaf(authorities[trust], f"{slot.name}-{trust}", addresses, folder)]
        }  # fmt: skip
        data = stack.volume(slot.name) / "data"
        data.parent.mkdir(parents=True, mode=0o700)
        found[slot.name] = {
            "name": slot.name,
            "data-dir": str(data),
            "listen-client-urls": slot.urls.client,
            "advertise-client-urls": slot.urls.client,
            "listen-peer-urls": slot.urls.peer,
            "initial-advertise-peer-urls": slot.urls.peer,
            "initial-cluster": initial,
            "initial-cluster-token": token,
            "client-transport-security": security["client"],
            "peer-transport-security": security["peer"],
        }
    return found


def _leaf(authority: Authority, name: str, addresses: list[str], folder: Path) -> dict[str, Path]:
    """A leaf, its key and its authority as files."""
    leaf = authority.issue(name, addresses)
    files = {}
    for kind, content in (("ca", leaf.ca_pem), ("cert", leaf.certificate_pem), ("key", leaf.key_pem)):
        files[kind] = folder / f"{name}-{kind}.pem"
        files[kind].write_bytes(content)
    return files
