"""Stacks for tests with the real engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from etcd_ops.programs.cache import Cache
from tests.engine.stacks import RolloutStack, make_project
from tests.servers.kubernetes import KubernetesServer, kubernetes_server
from tests.standins.running import agents
from tools import engine as clone_engine


@pytest.fixture(scope="session")
def engine() -> clone_engine.Engine:
    """The clone's engine; `make test` has obtained its parts before."""
    return clone_engine.prepare(Cache.of_user())


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubernetesServer]:
    """The API server of the group `kubernetes-plugin`; it collects garbage, as deletion in the foreground demands."""
    with kubernetes_server(tmp_path_factory.mktemp("kubernetes"), address="127.43.0.4") as running:
        running.start_controllers("garbage-collector-controller")
        yield running


@pytest.fixture
def lonely(engine: clone_engine.Engine, tmp_path: Path) -> RolloutStack:
    """A Rollout, declared with a quota of 2 GiB, whose channel nobody serves."""
    stack = RolloutStack(make_project(engine, tmp_path / "project"), tmp_path / "channel")
    stack.declare()
    return stack


@pytest.fixture(scope="module")
def shared(engine: clone_engine.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RolloutStack]:
    """A Rollout that is up and served by stand-in agents, for tests that leave it as they found it."""
    folder = tmp_path_factory.mktemp("rollout")
    stack = RolloutStack(make_project(engine, folder / "project"), folder / "channel")
    stack.declare()
    with agents(folder):
        stack.project.up()
        yield stack


@pytest.fixture
def stack(shared: RolloutStack) -> RolloutStack:
    """The shared stack, up as it was first declared."""
    shared.declare()
    if not shared.in_order():
        shared.project.up()
    return shared
