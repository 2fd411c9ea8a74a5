"""A Rollout's inputs, and its provider beside stand-in agents of a directory channel."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from etcd_ops.channel.directory import DirectoryChannel
from etcd_ops.channel.port import DESIRED
from etcd_ops.model.spec import Desired
from pulumi_etcd.provider.rollouts import Rollouts
from tests.provider.harness import Client, serving
from tests.rollout.samples import spec
from tests.standins.agents import StandInAgents

TOKEN = "etcd:index:Rollout"


def inputs(directory: Path, **etcd: Any) -> dict[str, Any]:
    """Three members; `etcd` are settings of etcd in camelCase."""
    cluster = spec().to_wire()
    cluster["etcd"] |= etcd
    return {"channel": {"kind": "directory", "directory": str(directory)}, "cluster": cluster, "deadlineSeconds": 20}


def changed(before: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with one property changed; None takes it away."""
    after = copy.deepcopy(before)
    *folders, name = path.split(".")
    place = after
    for folder in folders:
        place = place[folder]
    if value is None:
        del place[name]
    else:
        place[name] = value
    return after


class World:
    """One channel, its agents, and the provider's client."""

    def __init__(self, directory: Path, client: Client) -> None:
        self.directory = directory
        self.client = client
        self.channel = DirectoryChannel(directory)
        self.agents = StandInAgents(self.channel)

    def inputs(self, **etcd: Any) -> dict[str, Any]:
        return inputs(self.directory, **etcd)

    async def desired(self) -> Desired:
        entry = await self.channel.read(DESIRED)
        assert entry is not None
        return Desired.decode(entry.data)

    async def written(self, generation: int) -> None:
        """Return once that generation is in the channel, and agents know it."""
        await asyncio.wait_for(self.agents.read[generation].wait(), 10)

    async def created(self, **etcd: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """A healthy cluster: ID, inputs as checked, outputs."""
        checked, failures = await self.client.check(self.inputs(**etcd))
        assert failures == []
        id_, outputs = await self.client.create(checked)
        return id_, checked, outputs


@asynccontextmanager
async def world(directory: Path) -> AsyncIterator[World]:
    async with serving({TOKEN: Rollouts()}, TOKEN) as client:
        this = World(directory, client)
        agents = asyncio.ensure_future(this.agents.run())
        try:
            yield this
        finally:
            agents.cancel()
