"""What the components of every platform have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import pulumi
import pytest

from pulumi_etcd.component import ClusterComponent
from tests.components import clusters, ec2, stateful_sets, static_pods
from tests.components.recorder import Recording


@pytest.fixture(params=["local", "ec2", "stateful sets", "static pods"])
def recorded(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Recording]:
    """What a program with one cluster registers, for every platform."""
    found: dict[str, Callable[..., Recording]] = {
        "local": partial(clusters.declared, monkeypatch),
        "ec2": ec2.recorded,
        "stateful sets": stateful_sets.recorded,
        "static pods": static_pods.recorded,
    }
    return found[request.param]


def test_no_output_is_waited_for_while_registrations_are_outstanding(
    recorded: Callable[..., Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pulumi looks at all that are outstanding whenever one is done: a stack's time would grow with its square."""
    outstanding: list[int] = []
    wait = asyncio.wait

    async def counted(tasks: Collection[asyncio.Task[Any]], **options: Any) -> Any:
        outstanding.append(len(tasks))
        return await wait(tasks, **options)

    recorded(preview=True)  # the first program of a process under mocks has its outputs where nobody waits for them
    monkeypatch.setattr(asyncio, "wait", counted)
    assert recorded(preview=True).resources
    assert outstanding == []


def test_a_rollout_is_protected_where_its_component_is(
    recorded: Callable[..., Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the cluster's own `protect` says."""
    make = ClusterComponent.__init__

    def make_protected(self: ClusterComponent, name: str, contract: Any, _: object) -> None:
        make(self, name, contract, pulumi.ResourceOptions(protect=True))

    monkeypatch.setattr(ClusterComponent, "__init__", make_protected)
    assert recorded(preview=True).one("Rollout").protect
