from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nodes import traces
from tests.nodes.cluster import SPARES, ZONES, Cluster, cluster, remove_leftovers
from tests.nodes.needing import need_nodes
from tests.nodes.remains import left


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What befalls members of static pods waits for `make test-kubernetes`; `make test` has that of StatefulSets."""
    for item in items:
        if item.path.name == "test_static_pods.py" and item.get_closest_marker("fault"):
            item.add_marker(pytest.mark.soak)


@pytest.fixture(scope="module")
def running() -> Iterator[Cluster]:
    """Three nodes in three zones, shared by the tests of a file; other files have clusters of their own."""
    need_nodes()
    with cluster() as started:
        yield started


@pytest.fixture(scope="module")
def roomy() -> Iterator[Cluster]:
    """The same with spare zones."""
    need_nodes()
    with cluster((*ZONES, *SPARES)) as started:
        yield started


@pytest.fixture
def before() -> list[str]:
    """What the machine has without any nodes: at most what is in folders that Kubernetes makes in its own name."""
    need_nodes()
    remove_leftovers()
    found = left()
    assert all(any(Path(each).is_relative_to(folder) for folder in traces.FOLDERS) for each in found)
    return found
