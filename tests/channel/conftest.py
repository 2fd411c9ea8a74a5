from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from etcd_ops.channel import s3_bucket
from tests.channel.stores import Store
from tests.servers.faulty_proxy import FaultyProxy
from tests.servers.kubernetes import KubernetesServer, kubernetes_server
from tests.servers.s3 import ENVIRONMENT, S3Server, client, s3_connection, s3_server
from tests.servers.simulator import simulated_aws

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

KINDS = ("directory", "seaweedfs", "moto", "kubernetes")
BUCKET = NAMESPACE = "channel-tests"

MakeStore = Callable[[str], Store]


@pytest.fixture(scope="session", autouse=True)
def credentials() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_PROFILE", raising=False)
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """The real S3 server, shared by all tests."""
    with s3_server(tmp_path_factory.mktemp("seaweedfs")) as server:
        server.make_bucket(BUCKET)
        yield server


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """A simulator of S3: fast, but only a stand-in."""
    with simulated_aws("127.43.0.1") as endpoint:
        client(endpoint).create_bucket(Bucket=BUCKET)
        yield endpoint


@pytest.fixture(scope="session")
def kubernetes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubernetesServer]:
    """The real API server, shared by all tests."""
    with kubernetes_server(tmp_path_factory.mktemp("kubernetes")) as server:
        server.make_namespace(NAMESPACE)
        yield server


@pytest.fixture(scope="session")
def make_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MakeStore:
    """Makes a store of a kind that nothing was written to."""

    def make(kind: str) -> Store:
        if kind == "directory":
            return directory_store(tmp_path_factory.mktemp("channel"))
        if kind == "kubernetes":
            server: KubernetesServer = request.getfixturevalue("kubernetes")
            return Store(kind, server.connection(NAMESPACE, "any"), server).apart()
        if kind == "moto":
            return Store(kind, s3_connection(request.getfixturevalue("moto"), BUCKET)).apart()
        return Store(kind, request.getfixturevalue("seaweedfs").connection(BUCKET)).apart()

    return make


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, make_store: MakeStore) -> Store:
    """A fresh store of every kind."""
    return make_store(request.param)


@pytest.fixture(scope="session")
def running_proxy(seaweedfs: S3Server) -> Iterator[FaultyProxy]:
    with FaultyProxy(seaweedfs.address, seaweedfs.port) as proxy:
        yield proxy


@pytest.fixture
def proxy(running_proxy: FaultyProxy) -> Iterator[FaultyProxy]:
    """A proxy of the real S3 server that can be told to misbehave."""
    running_proxy.reset()
    yield running_proxy
    running_proxy.reset()


@pytest.fixture(scope="session", autouse=True)
def shared_clients() -> Iterator[None]:
    """Let channels of the same place share a client, which takes a while to make."""
    make = s3_bucket._client
    made: dict[object, S3Client] = {}

    def shared(place: s3_bucket.Place, timeouts: dict[str, float]) -> S3Client:
        keys = tuple(os.environ.get(name) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
        key = (place, *timeouts.items(), *keys)
        if key not in made:
            made[key] = make(place, timeouts)
        return made[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(s3_bucket, "_client", shared)
        yield


def directory_store(directory: Path) -> Store:
    return Store("directory", {"kind": "directory", "directory": str(directory)})
