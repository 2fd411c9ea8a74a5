from __future__ import annotations

from collections.abc import Iterator

import pytest

from etcd_ops.programs.cache import Cache
from tests.kwok.cluster import KwokPlane, cluster
from tools import engine as clone_engine


@pytest.fixture(scope="session")
def engine() -> clone_engine.Engine:
    """The clone's engine; `make test` has obtained its parts before."""
    return clone_engine.prepare(Cache.of_user())


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KwokPlane]:
    """The cluster of the group `kwok`: a node in each of five zones."""
    with cluster(tmp_path_factory.mktemp("kwok")) as running:
        yield running
