"""Stacks for end-to-end tests, each shared by the tests that leave it as they found it."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.programs.cache import Cache
from pulumi_etcd.wire import to_snake
from tests.e2e.records import Records
from tests.e2e.stack import Stack
from tests.e2e.stores import BucketStore
from tests.servers.kubernetes import KubernetesServer, kubernetes_server
from tests.servers.s3 import ENVIRONMENT, S3Server, s3_server
from tests.workload.workload import Workload
from tools import engine as engines

MakeStack = Callable[..., Stack]
ON_S3 = os.environ.get("E2E_CHANNEL") == "s3"
"""Whether every channel is in a bucket of a real S3 server: `make test-s3`."""
MADE = pytest.StashKey[list[Stack]]()
"""Stacks that are not removed yet."""
BUCKET = "channel"
FAULTS = pytest.mark.xdist_group("faults")
"""One worker for all tests that break the same stack."""


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist looks for groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the stack to be broken stay together, in whichever file they are."""
    for item in items:
        if ON_S3 and item.get_closest_marker("directory_channel"):
            item.add_marker(
                pytest.mark.skip(reason="looks below the directory that a channel is in, and every one is in a bucket")
            )
        if "faulty" in getattr(item, "fixturenames", ()):
            item.add_marker(FAULTS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """A group's stacks go with its last test: what is left running slows all further tests down."""
    yield
    if nextitem is None or _group(nextitem) != _group(item):
        _remove_all(item.config.stash.get(MADE, []))


def _group(item: pytest.Item) -> str:
    marker = item.get_closest_marker("xdist_group")
    return str(marker.args[0]) if marker is not None else ""


@pytest.fixture(scope="session")
def engine() -> engines.Engine:
    """The prepared engine."""
    return engines.prepare(Cache.of_user())


@pytest.fixture(scope="session")
def bucket(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[S3Server | None]:
    """A real S3 server for the channels of all stacks of this worker; None where they are directories."""
    if not ON_S3:
        yield None
        return
    number = 0 if worker_id == "master" else 1 + int(worker_id.removeprefix("gw"))
    with channel_server(tmp_path_factory.mktemp("bucket"), f"127.0.59.{9 + number}") as server:
        yield server


@contextmanager
def channel_server(directory: Path, address: str) -> Iterator[S3Server]:
    """A real S3 server with a bucket for channels, whose credentials are in the environment."""
    with s3_server(directory, address=address) as server, pytest.MonkeyPatch.context() as patch:
        server.make_bucket(BUCKET)
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        yield server


def channel_in(server: S3Server, prefix: str) -> dict[str, Any]:
    """A stack's argument for a channel in a bucket."""
    return {to_snake(name): value for name, value in server.connection(BUCKET, prefix).items()}


@pytest.fixture(scope="session")
def make_stack(engine: engines.Engine, bucket: S3Server | None, pytestconfig: pytest.Config) -> Iterator[MakeStack]:
    """Make further stacks, each with its own network; they are removed with the last test of their group."""
    made = pytestconfig.stash.setdefault(MADE, [])

    def make(network: str, project: str = "e2e", **arguments: Any) -> Stack:
        server, prefix = bucket if "channel" not in arguments else None, f"{network}/{uuid.uuid4().hex}/"
        if server is not None:
            arguments["channel"] = channel_in(server, prefix)
        stack = Stack(engine, Path(tempfile.mkdtemp(prefix="e2e-")), network, arguments, project)
        if server is not None:
            stack.store = BucketStore(server, BUCKET, prefix)
        made.append(stack)
        return stack

    yield make
    _remove_all(made)


def _remove_all(made: list[Stack]) -> None:
    """Every one is tried, whatever becomes of the others."""
    with ExitStack() as removals:
        while made:
            removals.callback(_remove, made.pop())


def _remove(stack: Stack) -> None:
    if stack.directory.exists():
        stack.remove()


@pytest.fixture(scope="session")
def shared_stack(make_stack: MakeStack) -> Stack:
    """Three members in three zones, up."""
    stack = make_stack("127.0.60")
    stack.up()
    return stack


@pytest.fixture
def cluster(shared_stack: Stack) -> Stack:
    """The shared stack, brought back to its first declaration, in order."""
    shared_stack.restore()
    shared_stack.ops("resume")
    if shared_stack.applied != shared_stack.base or not shared_stack.in_order():
        shared_stack.up()
        shared_stack.wait_in_order()
    return shared_stack


@pytest.fixture
def workload(cluster: Stack, tmp_path: Path) -> Iterator[Workload]:
    """A continuous workload on the shared cluster; its history is judged at the end."""
    load = Workload(cluster.context, tmp_path / "workload")
    with load:
        yield load
    load.check()


@pytest.fixture(scope="session")
def fault_stack(make_stack: MakeStack) -> Stack:
    """Three members in three zones that tests break and let heal."""
    stack = make_stack("127.0.61")
    stack.up()
    return stack


@pytest.fixture(scope="session")
def s3_channels(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[S3Server]:
    """A real S3 server for the stacks of the group `s3`, which are removed before it."""
    with channel_server(tmp_path_factory.mktemp("s3"), "127.0.62.10") as server:
        yield server
        _remove_all(pytestconfig.stash.get(MADE, []))


@pytest.fixture(scope="session")
def s3_stack(make_stack: MakeStack, s3_channels: S3Server) -> Stack:
    """The same with its channel in a bucket of a real S3 server."""
    stack = make_stack("127.0.62", channel=channel_in(s3_channels, "e2e/"))
    stack.store = BucketStore(s3_channels, BUCKET, "e2e/")
    stack.up()
    return stack


@pytest.fixture(scope="session")
def kubernetes(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[KubernetesServer]:
    """A real API server for the stacks of the group `kubernetes`, which are removed before it."""
    with kubernetes_server(tmp_path_factory.mktemp("kubernetes"), address="127.43.0.3") as server:
        yield server
        _remove_all(pytestconfig.stash.get(MADE, []))


@pytest.fixture(
    params=[
        pytest.param("directory", marks=pytest.mark.xdist_group("small")),
        pytest.param("kubernetes", marks=[pytest.mark.soak, pytest.mark.xdist_group("kubernetes")]),
    ]
)
def channel_argument(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A stack's arguments for a channel that goes with its cluster, and for one that outlives it.

    `make test-s3` has those in buckets, which outlive it as well.
    """
    if request.param == "directory":
        return {}
    server: KubernetesServer = request.getfixturevalue("kubernetes")
    uid = server.make_namespace(name := f"n-{uuid.uuid4().hex}")
    connection = server.connection(name, "e2e") | {"namespace_uid": uid}
    return {"channel": connection}


@pytest.fixture
def faulty(fault_stack: Stack) -> Stack:
    """The stack to be broken, in order."""
    return _in_order(fault_stack)


@pytest.fixture(
    params=[
        pytest.param("fault_stack", id="directory", marks=FAULTS),
        pytest.param("s3_stack", id="s3", marks=pytest.mark.xdist_group("s3")),
    ]
)
def either(request: pytest.FixtureRequest) -> Stack:
    """The stack to be broken, in order, on each kind of channel."""
    return _in_order(request.getfixturevalue(request.param))


def _in_order(stack: Stack) -> Stack:
    if stack.applied is None or not stack.in_order():
        stack.restore()
        stack.up()
        stack.wait_in_order()
    return stack


@pytest.fixture
def load(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workload]:
    """A continuous workload on the stack that the test breaks; its history is judged at the end."""
    name = "either" if "either" in request.fixturenames else "faulty"
    stack: Stack = request.getfixturevalue(name)
    running = Workload(stack.context, tmp_path / "workload")
    with running:
        yield running
        stack.wait_in_order()
        running.wait_for(acknowledged=20)
    running.check()


@pytest.fixture
def records(request: pytest.FixtureRequest) -> Iterator[Records]:
    """The records in the channel of the stack that the test breaks."""
    name = "either" if "either" in request.fixturenames else "faulty"
    with Records(request.getfixturevalue(name).connection) as found:
        yield found
