"""Writing the controls: what operators order beside the declaration, by compare-and-swap."""

from __future__ import annotations

import asyncio
import getpass
import socket
from collections.abc import Callable

from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random

from etcd_ops.channel.port import CONTROLS, Channel, ChannelUnavailable, Conflict
from etcd_ops.cli.context import Context
from etcd_ops.cli.options import fail
from etcd_ops.model.records import Controls

Change = Callable[[Controls], Controls]


def operator() -> str:
    """Who gives the order, for the record."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def change_controls(context: Context, change: Change) -> Controls:
    """Apply `change` to the controls; returns what stands in the channel now."""
    try:
        return asyncio.run(_connected(context, change))
    except Conflict:
        fail("somebody else changes the controls at the same time: try again")
    except ChannelUnavailable as problem:
        fail(f"the channel cannot be written: {problem}")


async def _connected(context: Context, change: Change) -> Controls:
    channel = context.connect()
    try:
        return await _swap(channel, change)
    finally:
        await channel.close()


@retry(retry=retry_if_exception_type(Conflict), stop=stop_after_attempt(5), wait=wait_random(0.05, 0.3), reraise=True)
async def _swap(channel: Channel, change: Change) -> Controls:
    entry = await channel.read(CONTROLS)
    before = Controls.decode(entry.data) if entry else Controls()
    after = change(before)
    if entry is None:
        await channel.create(CONTROLS, after.encode())
    elif after != before:
        await channel.replace(CONTROLS, after.encode(), entry.tag)
    return after
