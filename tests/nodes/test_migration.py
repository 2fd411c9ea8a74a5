"""An etcd that plain pods run is moved over to a StatefulSetCluster beside it, and back, while it serves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.migrating import Migrated
from tests.nodes.cluster import ZONES, Cluster
from tests.nodes.every_platform import OPTIONS
from tests.nodes.migrating import moved_over
from tests.nodes.stack import NAME, NAMESPACE, SLOTS
from tests.nodes.stateful_set_stack import StatefulSetStack
from tests.workload.workload import Workload

pytestmark = [pytest.mark.nodes, pytest.mark.timeout(1800)]
OURS = [f"https://{NAME}-{slot}-0.{NAME}-peers.{NAMESPACE}.svc.cluster.local:2379" for slot in SLOTS]


@pytest.fixture(scope="module")
def migrated(running: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Migrated]:
    """Pods that serve, and a stack of agents that only look."""
    folder = tmp_path_factory.mktemp("clients")
    with moved_over(running, StatefulSetStack, {"zones": list(ZONES)}, OURS, folder) as made:
        yield made


@pytest.fixture(scope="module")
def load(migrated: Migrated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workload]:
    """Clients that know the members of both sides; their history is judged in the end."""
    directory = tmp_path_factory.mktemp("load")
    with Workload(migrated.connection, directory, OPTIONS, within=migrated.stack.within) as running:
        yield running
    running.check(minimum=500, timeout=300)


def test_agents_that_observe_join_nobody(migrated: Migrated) -> None:
    migrated.looks_first()


def test_it_goes_back_from_every_step(migrated: Migrated, load: Workload) -> None:
    migrated.stack.declare(mode="active")
    migrated.goes_back_from_every_step(load)


def test_it_goes_forward_to_the_end(migrated: Migrated, load: Workload) -> None:
    migrated.goes_forward(load)
