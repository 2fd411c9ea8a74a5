"""Questions to the members of a running cluster, the same whoever started it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from etcd_ops.etcd import EtcdClient, EtcdError, MemberInfo
from tests.workload.connection import read_connection

T = TypeVar("T")
TIMEOUT = 2.0


class Members:
    """The cluster that a connection file names; every question opens a connection of its own."""

    def __init__(self, connection: Path) -> None:
        self._connection = connection

    def leader(self) -> str:
        """The leader's name.

        Raises:
            LookupError: there is none, or no member answers.
        """
        return self._ask(self._leader)

    def healthy(self) -> bool:
        """Every endpoint serves a linearizable read."""
        return self._ask(self._healthy)

    def listed(self) -> dict[str, MemberInfo]:
        """The members by name, as a quorum lists them; empty where none answers."""
        return self._ask(self._listed)

    def serves(self, endpoint: str) -> bool:
        """One endpoint serves a linearizable read."""
        return self._ask(lambda client, _: _serves(client, endpoint))

    def fill(self, size: int, value: int) -> None:
        """Put random values under keys of their own.

        Args:
            size: bytes in all.
            value: bytes of one value.
        """

        async def put(client: EtcdClient, endpoints: tuple[str, ...]) -> None:
            for number in range(size // value):
                await client.put(endpoints[0], f"/bench/{number}".encode(), os.urandom(value), timeout=30.0)

        self._ask(put)

    def _ask(self, question: Callable[[EtcdClient, tuple[str, ...]], Awaitable[T]]) -> T:
        async def ask() -> T:
            connection = read_connection(self._connection)
            async with EtcdClient(connection.credentials) as client:
                return await question(client, tuple(connection.endpoints))

        return asyncio.run(ask())

    async def _leader(self, client: EtcdClient, endpoints: tuple[str, ...]) -> str:
        listed = await self._listed(client, endpoints)
        statuses = await asyncio.gather(*(_unless_silent(client.status(each, timeout=TIMEOUT)) for each in endpoints))
        leaders = {status.leader_id for status in statuses if status is not None}
        found = next((name for name, member in listed.items() if member.id in leaders), None)
        if found is None:
            raise LookupError("no member names a leader")
        return found

    async def _healthy(self, client: EtcdClient, endpoints: tuple[str, ...]) -> bool:
        return all(await asyncio.gather(*(_serves(client, endpoint) for endpoint in endpoints)))

    async def _listed(self, client: EtcdClient, endpoints: tuple[str, ...]) -> dict[str, MemberInfo]:
        lists = await asyncio.gather(*(_unless_silent(client.member_list(each, timeout=TIMEOUT)) for each in endpoints))
        found = next((each for each in lists if each is not None), None)
        return {each.name: each for each in found.members} if found else {}


async def _unless_silent(call: Awaitable[T]) -> T | None:
    try:
        return await call
    except EtcdError:
        return None


async def _serves(client: EtcdClient, endpoint: str) -> bool:
    return await _unless_silent(client.linearizable_read(endpoint, timeout=TIMEOUT)) is not None
