"""One look at a cluster, for people: channel and live members together."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from etcd_ops.agent.clock import SystemClock
from etcd_ops.agent.lock import Lock
from etcd_ops.agent.observing import Observer
from etcd_ops.agent.reading import ChannelReader, Reading
from etcd_ops.channel.port import ChannelUnavailable
from etcd_ops.cli.context import Context
from etcd_ops.cli.told import told
from etcd_ops.etcd import EtcdClient
from etcd_ops.model.facts import ClusterFacts, LockFacts
from etcd_ops.model.migration import origin_urls

T = TypeVar("T")

READ_TIMEOUT = 2.0
"""Seconds for one question to one member."""
POLL = 0.3
"""Seconds between two readings while agents are awaited."""
PATIENCE = 12.0
"""Seconds within which an agent that is at work publishes again, with time to spare."""
FRESHNESS = 20.0
"""Seconds for which an unchanged status is believed; an idle agent writes every five."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen."""

    reading: Reading | None
    channel_problem: str
    lock: LockFacts
    cluster: ClusterFacts
    by_agents: bool = False
    """It is what agents say of their members, who were not asked."""


async def _together(calls: Sequence[Awaitable[T]]) -> list[T]:
    return list(await asyncio.gather(*calls))


async def look(context: Context, patience: float = 0.0) -> Look:
    """Read the channel, and ask every member twice: health is two good answers in a row.

    Args:
        patience: seconds to watch for every agent to publish again, which proves that it lives.

    Raises:
        ContextError: the operator's credentials are missing.
    """
    seen = await _channel(context, patience)
    return replace(seen, cluster=await _live(context, seen.reading))


async def ask_agents(context: Context, patience: float = PATIENCE) -> Look:
    """Read the channel alone, until every agent has published again: members need not be reached from here.

    Args:
        patience: seconds to wait for that.
    """
    seen = await _channel(context, patience)
    cluster = told(seen.reading.facts) if seen.reading is not None else seen.cluster
    return replace(seen, cluster=cluster, by_agents=True)


async def _channel(context: Context, patience: float) -> Look:
    """What the channel alone says."""
    channel, clock = context.connect(), SystemClock()
    reader = ChannelReader(channel, clock, FRESHNESS, boot_id="")
    lock = Lock(channel, clock, lambda: secrets.token_hex(8), "etcd-ops")
    try:
        return Look(await _fresh(reader, patience), "", await lock.observe(), ClusterFacts({}))
    except ChannelUnavailable as unavailable:
        return Look(None, str(unavailable), LockFacts(None), ClusterFacts({}))
    finally:
        await channel.close()


async def _fresh(reader: ChannelReader, patience: float) -> Reading:
    """Read until every status was seen to change, or patience ends."""
    reading, until = await reader.read(), time.monotonic() + patience
    while time.monotonic() < until and not all(peer.fresh for peer in reading.facts.statuses.values()):
        await asyncio.sleep(POLL)
        reading = await reader.read()
    return reading


async def _live(context: Context, reading: Reading | None) -> ClusterFacts:
    urls = {slot: member.client_url for slot, member in context.members.items()}
    if reading is not None and reading.facts.spec is not None:
        spec = reading.facts.spec
        urls = origin_urls(spec) | {slot: member.client_url for slot, member in spec.members.items()}
    async with EtcdClient(context.credentials()) as client:
        observer = Observer(client, _together, READ_TIMEOUT)
        await observer.look(urls)
        return await observer.look(urls)
