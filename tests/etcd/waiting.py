"""Waiting for a condition, never for a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from etcd_ops.etcd import EtcdClient, EtcdError, Header, ProbeFailed
from tests.etcd.members import Member

Value = TypeVar("Value")


async def eventually(
    observe: Callable[[], Awaitable[Value]], wanted: Callable[[Value], bool], *, within: float = 20.0
) -> Value:
    """What `observe` gives once it is as `wanted`; failed calls count as not yet.

    Raises:
        AssertionError: it did not come about within that many seconds.
    """
    deadline = time.monotonic() + within
    seen: object = "nothing"
    while time.monotonic() < deadline:
        try:
            value = await observe()
        except (EtcdError, ProbeFailed) as error:
            seen = error
        else:
            if wanted(value):
                return value
            seen = value
        await asyncio.sleep(0.02)
    raise AssertionError(f"not within {within:g} s; last seen: {seen}")


async def healthy(client: EtcdClient, member: Member) -> Header:
    """Waits until a member proves itself healthy."""
    return await eventually(lambda: client.linearizable_read(member.endpoint, timeout=2), bool)
