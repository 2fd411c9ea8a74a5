"""An etcd that plain pods run is moved over to a StaticPodCluster on the same nodes, while it serves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.migrating import Migrated
from tests.nodes.cluster import DIRECTORY, Cluster
from tests.nodes.every_platform import OPTIONS
from tests.nodes.migrating import moved_over
from tests.nodes.stack import SLOTS
from tests.nodes.static_pod_stack import StaticPodStack, place
from tests.workload.workload import Workload

pytestmark = [pytest.mark.nodes, pytest.mark.soak, pytest.mark.timeout(1200), pytest.mark.xdist_group("nodes")]


@pytest.fixture(scope="module")
def migrated(running: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Migrated]:
    """Pods that serve, and a stack of agents that only look."""
    slots = {slot: place(running, slot) for slot in SLOTS}
    arguments: dict[str, Any] = {
        "slots": slots,
        "data_directory": str(DIRECTORY / "volumes"),
        "run_directory": str(DIRECTORY / "runs"),
    }
    ours = [f"https://{each['address']}:2379" for each in slots.values()]
    with moved_over(running, StaticPodStack, arguments, ours, tmp_path_factory.mktemp("clients")) as made:
        yield made


def test_it_joins_goes_back_and_goes_forward_to_the_end(
    migrated: Migrated, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Back from where none of the old members is left is tests/nodes/test_migration.py's."""
    migrated.looks_first()
    migrated.stack.declare(mode="active")
    stack, directory = migrated.stack, tmp_path_factory.mktemp("load")
    with Workload(migrated.connection, directory, OPTIONS, within=stack.within) as load:
        migrated.join(2)
        with load.mark("back"):
            migrated.up("leave")
        assert migrated.members == set(migrated.names)
        migrated.goes_forward(load)
    load.check(minimum=500, timeout=300)
