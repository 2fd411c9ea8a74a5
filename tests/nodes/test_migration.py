"""An etcd that plain pods run is moved over to a StatefulSetCluster beside it, and back, while it serves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.migrating import Migrated, given
from tests.etcd.authority import Authority
from tests.nodes.cluster import ZONES, Cluster
from tests.nodes.every_platform import OPTIONS
from tests.nodes.images import etcd_image
from tests.nodes.plain_pods import PlainPods
from tests.nodes.stack import NAME, NAMESPACE, SLOTS
from tests.nodes.stateful_set_stack import StatefulSetStack
from tests.workload.connection import write_connection
from tests.workload.workload import Workload

pytestmark = [pytest.mark.nodes, pytest.mark.soak, pytest.mark.timeout(1800), pytest.mark.xdist_group("nodes")]


@pytest.fixture(scope="module")
def migrated(running: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Migrated]:
    """Pods that serve, and a stack of agents that only look."""
    running.import_image(etcd_image())
    peers, clients = Authority("chart-peers"), Authority("chart-clients")
    origin = PlainPods(running, peers, clients)
    origin.form()
    arguments: dict[str, Any] = {
        "zones": list(ZONES),
        "trust": {"peer": {"authorities": {"1": given(peers)}}, "client": {"authorities": {"1": given(clients)}}},
        "migration": {"phase": "join", "members": origin.declared, "keep": []},
        "mode": "observe-only",
    }
    with StatefulSetStack.on(running, arguments) as stack:
        yield Migrated(origin, stack, SLOTS, _connection(clients, origin, tmp_path_factory.mktemp("clients")))


@pytest.fixture(scope="module")
def load(migrated: Migrated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workload]:
    """Clients that know the members of both sides; their history is judged in the end."""
    directory = tmp_path_factory.mktemp("load")
    with Workload(migrated.connection, directory, OPTIONS, within=migrated.stack.within) as running:
        yield running
    running.check(minimum=500, timeout=300)


def _connection(clients: Authority, origin: PlainPods, folder: Path) -> Path:
    leaf = clients.issue("client")
    files = {"ca": leaf.ca_pem, "cert": leaf.certificate_pem, "key": leaf.key_pem}
    paths = {kind: folder / f"{kind}.pem" for kind in files}
    for kind, content in files.items():
        paths[kind].write_bytes(content)
    ours = [f"https://{NAME}-{slot}-0.{NAME}-peers.{NAMESPACE}.svc.cluster.local:2379" for slot in SLOTS]
    theirs = [each["client_url"] for each in origin.declared.values()]
    connection = folder / "connection.json"
    write_connection(connection, [*theirs, *ours], ca=paths["ca"], cert=paths["cert"], key=paths["key"])
    return connection


def test_agents_that_observe_join_nobody(migrated: Migrated) -> None:
    migrated.looks_first()


def test_it_goes_back_from_every_step(migrated: Migrated, load: Workload) -> None:
    migrated.stack.declare(mode="active")
    migrated.goes_back_from_every_step(load)


def test_it_goes_forward_to_the_end(migrated: Migrated, load: Workload) -> None:
    migrated.goes_forward(load)
