"""Stacks for end-to-end tests: one shared by every test that leaves it as it found it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.programs.cache import Cache
from tests.e2e.stack import Stack
from tests.workload.workload import Workload
from tools import engine as engines

MakeStack = Callable[..., Stack]


@pytest.fixture(scope="session")
def engine() -> engines.Engine:
    """The prepared engine."""
    return engines.prepare(Cache.of_user())


@pytest.fixture(scope="session")
def make_stack(engine: engines.Engine) -> Iterator[MakeStack]:
    """Make further stacks, each with its own network; they are removed at the end."""
    made: list[Stack] = []

    def make(network: str, **arguments: Any) -> Stack:
        stack = Stack(engine, Path(tempfile.mkdtemp(prefix="e2e-")), network, arguments)
        made.append(stack)
        return stack

    yield make
    for stack in made:
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
    if not shared_stack.in_order():
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
