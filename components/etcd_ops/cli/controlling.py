"""Writing the controls: what operators order beside the declaration, by compare-and-swap."""

from __future__ import annotations

import asyncio
import getpass
import socket
import time
from collections.abc import Callable

from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random

from etcd_ops.channel.port import CONTROLS, Channel, ChannelUnavailable, Conflict
from etcd_ops.cli.context import Context
from etcd_ops.cli.options import fail
from etcd_ops.model.records import Controls, Order

Change = Callable[[Controls], Controls]
KEPT = 200
"""Orders that the controls keep."""


def operator() -> str:
    """Who gives the order, for the record."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def change_controls(context: Context, change: Change, order: str, why: str = "") -> Controls:
    """Apply `change` to the controls, and record who ordered it; returns what stands in the channel now.

    Args:
        context: the cluster.
        change: what the order changes.
        order: the command with its arguments.
        why: the operator's reason.
    """
    given = Order(at=round(time.time(), 3), by=operator(), order=order, why=why)

    def recorded(controls: Controls) -> Controls:
        orders = (*controls.orders[1 - KEPT :], given)
        return change(controls).model_copy(update={"orders": orders})

    try:
        return asyncio.run(_connected(context, recorded))
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
    else:
        await channel.replace(CONTROLS, after.encode(), entry.tag)
    return after
