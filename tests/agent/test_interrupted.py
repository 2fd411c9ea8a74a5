"""A step during which the agent is told to end is in the log: it may be what ends the agent."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from etcd_ops.agent.execute import Context
from etcd_ops.agent.journal import ACTIONS
from etcd_ops.agent.loop import Agent, Observation
from etcd_ops.agent.ports import Ports, TimeLeft
from etcd_ops.agent.settings import Settings
from etcd_ops.model.steps import RecreateAgentPod
from tests.model.test_replacing import NEW, OLD, apart
from tests.standins.deadlines import ample


class EndingPod:
    """Stands in for a pod whose deletion ends the agent before the answer is there."""

    def template(self) -> str:
        return OLD

    async def recreate(self, template: str, left: TimeLeft) -> None:
        assert (template, left()) == (NEW, 5.0)
        raise asyncio.CancelledError

    async def leaving(self) -> bool:
        raise AssertionError("nobody is left to ask")


async def nothing(*_: object) -> None:
    pass


def test_it_is_told_and_goes_on_ending() -> None:
    told: list[tuple[str, dict[str, Any]]] = []
    ports = cast(
        "Ports",
        SimpleNamespace(
            agent_pod=EndingPod(), channel=None, clock=None, nonce=lambda: "n", etcd=None, parallel=None, probe=None,
            log=lambda event, values: told.append((event, values)),
        ),
    )  # fmt: skip
    settings = Settings("c", "a-1", "a", "0.1.0")
    facts = apart(OLD)
    lock = SimpleNamespace(announce=nothing, confirm=nothing, finish=nothing, remaining=ample)
    context = cast("Context", SimpleNamespace(ports=ports, settings=settings, lock=lock, facts=facts))
    agent = Agent(ports, settings)
    step = RecreateAgentPod(slot="a-1", template=NEW, reason="another")
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(agent._carry_out(context, Observation(facts, None, 0.0), step))
    assert [(event, values["step"]) for event, values in told] == [("step interrupted", "RecreateAgentPod")]
    assert "step interrupted" in ACTIONS
