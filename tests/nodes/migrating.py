"""An etcd that plain pods run, and the stack on the same nodes that takes it over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.migrating import Migrated, given
from tests.etcd.authority import Authority
from tests.nodes.cluster import Cluster
from tests.nodes.images import etcd_image
from tests.nodes.plain_pods import PlainPods
from tests.nodes.stack import SLOTS, PodStack
from tests.workload.connection import write_connection


@contextmanager
def moved_over(
    nodes: Cluster, platform: type[PodStack], arguments: dict[str, Any], ours: Sequence[str], folder: Path
) -> Iterator[Migrated]:
    """Pods that serve, and a stack of agents that only look.

    Args:
        nodes: what both run on.
        platform: of the stack.
        arguments: of its component, besides the migration.
        ours: URLs by which clients reach the stack's members.
        folder: for what clients need.
    """
    nodes.import_image(etcd_image())
    peers, clients = Authority("chart-peers"), Authority("chart-clients")
    origin = PlainPods(nodes, peers, clients)
    origin.form()
    declared: dict[str, Any] = {
        **arguments,
        "trust": {"peer": {"authorities": {"1": given(peers)}}, "client": {"authorities": {"1": given(clients)}}},
        "migration": {"phase": "join", "members": origin.declared, "keep": []},
        "mode": "observe-only",
    }
    theirs = [each["client_url"] for each in origin.declared.values()]
    with platform.on(nodes, declared) as stack:
        yield Migrated(origin, stack, SLOTS, _connection(clients, [*theirs, *ours], folder))


def _connection(clients: Authority, endpoints: Sequence[str], folder: Path) -> Path:
    leaf = clients.issue("client")
    files = {"ca": leaf.ca_pem, "cert": leaf.certificate_pem, "key": leaf.key_pem}
    paths = {kind: folder / f"{kind}.pem" for kind in files}
    for kind, content in files.items():
        paths[kind].write_bytes(content)
    connection = folder / "connection.json"
    write_connection(connection, list(endpoints), ca=paths["ca"], cert=paths["cert"], key=paths["key"])
    return connection
