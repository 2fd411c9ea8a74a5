from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.components.neighbours import Neighbours
from tests.servers.kubernetes import KubernetesServer, kubernetes_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubernetesServer]:
    """The real API server of the group `kubernetes-objects`."""
    with kubernetes_server(tmp_path_factory.mktemp("kubernetes"), address="127.43.0.6") as running:
        yield running


@pytest.fixture(scope="session")
def neighbours(server: KubernetesServer, tmp_path_factory: pytest.TempPathFactory) -> Neighbours:
    """Clusters of every platform in one namespace."""
    return Neighbours.put(server, tmp_path_factory.mktemp("accounts"))
