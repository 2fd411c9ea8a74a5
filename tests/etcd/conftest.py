from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest

from etcd_ops.etcd import EtcdClient
from etcd_ops.programs import etcd as programs
from tests.etcd.authority import Authority
from tests.etcd.members import PREFIX, Member
from tests.etcd.waiting import healthy

Value = TypeVar("Value")
Run = Callable[[Coroutine[Any, Any, Value]], Value]
StartMember = Callable[..., Member]

VERSION = "3.6.15"


@pytest.fixture(scope="session")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """One event loop for all tests, so that they share a client."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


@pytest.fixture(scope="session")
def run(loop: asyncio.AbstractEventLoop) -> Run[Any]:
    """Runs a coroutine to its end."""
    return loop.run_until_complete


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority("etcd-test")


@pytest.fixture(scope="session")
def client(run: Run[Any], authority: Authority) -> Iterator[EtcdClient]:
    async def make() -> EtcdClient:
        return EtcdClient(authority.issue("tests"))

    client = run(make())
    yield client
    run(client.close())


@pytest.fixture(scope="session")
def binary() -> Path:
    return programs.obtain(VERSION) / "etcd"


@pytest.fixture(scope="session")
def trio(
    binary: Path,
    authority: Authority,
    tmp_path_factory: pytest.TempPathFactory,
    run: Run[Any],
    client: EtcdClient,
) -> Iterator[list[Member]]:
    """Three members in three zones, started once for all tests: each test leaves them as it found them."""
    folder = tmp_path_factory.mktemp("trio")
    members = [Member(f"m{n}", f"{PREFIX}{n}", binary, folder / f"m{n}", authority) for n in (1, 2, 3)]
    with ExitStack() as stack:
        for member in members:
            stack.callback(member.kill)
            member.start(members)
        for member in members:
            run(healthy(client, member))
        yield members


@pytest.fixture
def single(
    binary: Path, authority: Authority, tmp_path: Path, run: Run[Any], client: EtcdClient
) -> Iterator[StartMember]:
    """Starts clusters of one member: `single(binary=..., **options)`."""
    with ExitStack() as stack:

        def start(program: Path = binary, **options: Any) -> Member:
            member = Member("only", f"{PREFIX}1", program, tmp_path / "only", authority, options)
            stack.callback(member.kill)
            member.start([member])
            run(healthy(client, member))
            return member

        yield start
