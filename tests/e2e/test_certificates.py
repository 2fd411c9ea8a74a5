"""Renewal without a restart, and the three barriers of a rotation."""

from __future__ import annotations

import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.e2e.stack import Stack
from tests.workload.workload import Workload

pytestmark = [pytest.mark.engine, pytest.mark.etcd, pytest.mark.timeout(900), pytest.mark.xdist_group("shared")]

SLOTS = ("a-1", "b-1", "c-1")


def served(stack: Stack, slot: str) -> str:
    """Fingerprint of the certificate that a member shows its clients."""
    number = {"a": 1, "b": 2, "c": 3}[slot[0]]
    network = stack.arguments["addressing"]["network"]
    pem = ssl.get_server_certificate((f"{network}.{number}", 2379), timeout=5)
    return x509.load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA256()).hex()


def pids(stack: Stack) -> dict[str, int]:
    """Pid of every member."""
    return {slot: stack.member_pid(slot) for slot in SLOTS}


def test_leaves_are_renewed_without_a_restart(cluster: Stack, workload: Workload) -> None:
    before, running = {slot: served(cluster, slot) for slot in SLOTS}, pids(cluster)
    with workload.mark("renewal"):
        cluster.up(renewal={"validity_hours": 2400, "window_hours": 600})
    assert all(served(cluster, slot) != before[slot] for slot in SLOTS)
    assert pids(cluster) == running
    workload.wait_for(acknowledged=20)


@pytest.mark.parametrize("trust", ["peer", "client"])
def test_a_rotation_is_three_barriers(cluster: Stack, workload: Workload, trust: str) -> None:
    """Trust both, switch leaves, drop the old: nobody is ever shown a leaf that it does not believe."""
    refused = cluster.preview(trust={trust: {"generations": [2], "issuer": 2}}, fails=True)
    assert f"trust.{trust}" in refused.output
    cluster.up(trust={trust: {"generations": [1, 2], "issuer": 1}})
    running = pids(cluster)
    with workload.mark("switch"):
        cluster.up(trust={trust: {"generations": [1, 2], "issuer": 2}})
    assert pids(cluster) == running
    cluster.up(trust={trust: {"generations": [2], "issuer": 2}})
    assert cluster.in_order()
    believed = cluster.published("a-1").trusted[trust]
    assert len(believed) == 1
    workload.wait_for(acknowledged=20)
    cluster.base["trust"] = {**cluster.base.get("trust", {}), trust: {"generations": [2], "issuer": 2}}


def test_keys_are_their_owners_only(cluster: Stack) -> None:
    keys = [path for path in cluster.root.rglob("*key*.pem") if path.is_file()]
    assert keys
    assert {path.stat().st_mode & 0o777 for path in keys} == {0o600}
    assert not [name for name, content in cluster.store.contents().items() if b"PRIVATE KEY" in content]
