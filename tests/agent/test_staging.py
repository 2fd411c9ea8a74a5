"""What is staged remembers that its data began as a learner's, for as long as it is the same data."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from etcd_ops.agent.execute import Context, execute
from etcd_ops.model.facts import Identity, Launch, Target
from etcd_ops.model.steps import StageLaunch

MINE, OTHER = Identity(77, 1), Identity(77, 2)


def staged(before: Launch | None, step: StageLaunch) -> Launch:
    """What the volume, a stand-in, is given."""
    found: list[Launch] = []

    async def stage(launch: Launch) -> None:
        found.append(launch)

    async def configuration(*_: object) -> str:
        return "first"

    ports = SimpleNamespace(volume=SimpleNamespace(stage=stage), renderer=SimpleNamespace(configuration=configuration))
    channel = SimpleNamespace(spec=object(), desired=SimpleNamespace(formation=SimpleNamespace(token="t")))
    facts = SimpleNamespace(volume=SimpleNamespace(launch=before), channel=channel)
    context = cast("Context", SimpleNamespace(ports=ports, facts=facts))
    asyncio.run(execute(context, step))
    return found[0]


def step(**changes: Any) -> StageLaunch:
    target = Target("text", "digest", "program", {})
    return StageLaunch(**{"slot": "a-1", "reason": "", "target": target, "expected": MINE, "incarnation": 1, **changes})


def launch(*, joins: bool, expected: Identity = MINE) -> Launch:
    return Launch("text", "digest", "program", 1, expected, first_start=False, joins=joins)


@pytest.mark.parametrize(("state", "joins"), [("existing", True), ("new", False)])
def test_a_first_start_in_an_existing_cluster_joins(state: str, joins: bool) -> None:
    assert staged(None, step(first_start=True, state=state)).joins is joins


@pytest.mark.parametrize(
    ("before", "joins"),
    [
        (None, False),
        (launch(joins=False), False),
        (launch(joins=True), True),
        (launch(joins=True, expected=OTHER), False),
    ],
)
def test_a_later_launch_keeps_it_for_the_same_data(before: Launch | None, joins: bool) -> None:
    assert staged(before, step()).joins is joins
