from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.nodes.cluster import Cluster, cluster, missing


@pytest.fixture(scope="module")
def running() -> Iterator[Cluster]:
    """Three nodes in three zones, shared by the tests of a file; other files have clusters of their own."""
    if why := missing():
        pytest.skip(why)
    with cluster() as started:
        yield started
