"""What all tests of the provider share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from etcd_ops.rollout import declaring
from tests.servers.kubernetes import KubernetesServer, kubernetes_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubernetesServer]:
    """The real API server of the group `provider-kubernetes`."""
    with kubernetes_server(tmp_path_factory.mktemp("kubernetes"), address="127.43.0.7") as running:
        yield running


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-ins of agents say nothing before there is a document: nobody waits for them to."""
    monkeypatch.setattr(declaring, "SILENCE", 0.0)
