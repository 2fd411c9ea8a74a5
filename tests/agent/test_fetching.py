"""A program whose source is away is tried again; one that is not what is declared ends the change."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from etcd_ops.agent.execute import Context
from etcd_ops.agent.loop import Agent, Observation
from etcd_ops.agent.ports import Ports
from etcd_ops.agent.settings import Settings
from etcd_ops.ec2.aws import AwsUnavailable
from etcd_ops.model.decisions import decide
from etcd_ops.model.facts import Facts, LockFacts
from etcd_ops.model.status import FailedChange, MemberStatus, State
from etcd_ops.model.steps import FetchBinary
from etcd_ops.volume.errors import SourceUnavailable
from tests.model.test_replacing import NEW, facts


def lacking() -> Facts:
    """Of a member whose volume does not have the declared program."""
    known = facts(NEW, lock=LockFacts(None))
    assert known.volume is not None
    return replace(known, volume=replace(known.volume, binaries=frozenset()), target=None)


class Trying:
    """An agent on stand-ins, whose volume gives one answer after the other to what is to be fetched."""

    def __init__(self, *answers: Exception | None) -> None:
        self._answers = list(answers)
        self._put: list[bytes] = []
        settings, self.facts = Settings("c", "a-1", "a", "0.1.0"), lacking()
        ports = cast(
            "Ports",
            SimpleNamespace(
                volume=SimpleNamespace(fetch_binary=self._fetch), channel=SimpleNamespace(put=self._keep),
                renderer=SimpleNamespace(expiries=self._expiries), releases=SimpleNamespace(confirm=lambda: None),
                clock=None, nonce=lambda: "n", etcd=None, parallel=None, probe=None, log=lambda *_: None,
            ),
        )  # fmt: skip
        self.agent = Agent(ports, settings)
        lock = SimpleNamespace(finish=self._nothing)
        self._context = cast("Context", SimpleNamespace(ports=ports, settings=settings, lock=lock, facts=self.facts))

    async def _fetch(self, _: object) -> None:
        if (answer := self._answers.pop(0)) is not None:
            raise answer

    async def _keep(self, _: str, data: bytes) -> None:
        self._put.append(data)

    async def _expiries(self, _: object) -> dict[str, Any]:
        return {}

    async def _nothing(self) -> None:
        pass

    async def _turn(self) -> None:
        observation, decision = Observation(self.facts, None, 0.0), decide(self.facts)
        assert isinstance(decision.step, FetchBinary)
        await self.agent._carry_out(self._context, observation, decision.step)
        await self.agent._publish(observation, decision)

    def turn(self) -> MemberStatus:
        """Try once; what is published after it."""
        asyncio.run(self._turn())
        return MemberStatus.decode(self._put[-1])


@pytest.mark.parametrize("problem", [SourceUnavailable("connection reset"), AwsUnavailable("connection reset")])
def test_a_source_that_is_away_is_waited_for(problem: OSError) -> None:
    trying = Trying(problem, problem, None)
    for _ in range(2):
        status = trying.turn()
        assert (status.state, status.failed) == (State.WORKING, None)
        assert "connection reset" in status.reason
    status = trying.turn()
    assert (status.state, status.failed) == (State.WORKING, None)
    assert "connection reset" not in status.reason


@pytest.mark.parametrize(
    "problem", [ValueError("SHA-256 is another one"), FileNotFoundError("not there"), OSError("disk full")]
)
def test_what_trying_again_does_not_mend_ends_the_change(problem: Exception) -> None:
    trying = Trying(problem)
    status = trying.turn()
    assert status.state is State.FAILED
    channel = trying.facts.channel
    assert channel is not None and channel.desired is not None
    assert status.failed == FailedChange(digest=channel.desired.digest, reason=f"FetchBinary: {problem}")
