"""A channel in a store that is reached over a network: what a writer may believe of its answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from etcd_ops.channel.names import check_name, check_prefix, is_name
from etcd_ops.channel.one_by_one import read_one_by_one
from etcd_ops.channel.port import UNCHANGED, ChannelUnavailable, Conflict, Entry, OutcomeUnknown, Unchanged
from etcd_ops.channel.stamp import stamped, unstamped

Result = TypeVar("Result")

TIMEOUT = 8.0
"""Seconds for one call. A write whose answer is lost makes two: it reads back what it wrote."""
CONNECT_SHARE = 0.25
"""Of a call's time, for reaching the store."""
READ_SHARE = 0.6
"""Of a call's time, for each part of an answer."""


class Failed(Exception):
    """The store refused, or was never asked: a write certainly did not happen."""


class Unanswered(Failed):
    """What became of the request is unknown: a write may have happened, or may still happen."""


class Refused(Exception):
    """The store answered that a write's condition does not hold, or that another write was going on."""


class Unmodified(Exception):
    """The object still has the tag that a read named."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An object's bytes and the store's name of this version of it."""

    body: bytes
    tag: str


class Store(Protocol):
    """Four calls, synchronous, each sent once: what a repeated write means is not left to a client library."""

    def get(self, key: str, unless_tag: str = "") -> Stored | None:
        """An object, or None where it certainly does not exist.

        Raises:
            Unmodified: it still has `unless_tag`.
            Failed
        """

    def put(self, key: str, body: bytes, *, absent: bool = False, tag: str = "") -> str:
        """Write an object, if it is `absent` or still has `tag`, where one is given; returns its tag.

        Raises:
            Refused, Unanswered, Failed
        """

    def delete(self, key: str) -> None:
        """Delete an object, if it is there.

        Raises:
            Refused, Unanswered, Failed
        """

    def keys(self, prefix: str) -> list[str]:
        """All keys that begin with `prefix`.

        Raises:
            Failed
        """

    def close(self) -> None:
        """Close the connections."""


class RemoteChannel:
    """Objects of a store under a prefix, written conditionally.

    Every request is sent once and ends within a bound. The store's word alone is not believed: a write that
    was refused or not answered is read back. It succeeded if the very bytes are there (they are stamped); it is
    a Conflict only if the store refused it and the object is not as expected; after a lost answer, its outcome
    is unknown.
    """

    def __init__(self, store: Store, *, prefix: str = "", timeout: float = TIMEOUT) -> None:
        """Name the store.

        Args:
            store: holds the objects; its text says where it is.
            prefix: begins every key.
            timeout: seconds for one call.
        """
        self._store = store
        self._prefix = prefix
        self._timeout = timeout

    async def read(self, name: str) -> Entry | None:
        """See `Channel.read`."""
        return _entry(await self._read(check_name(name)))

    async def read_if_changed(self, name: str, tag: str) -> Entry | Unchanged | None:
        """See `Channel.read_if_changed`."""
        key = self._prefix + check_name(name)
        try:
            return _entry(await self._look(partial(self._store.get, key, tag)))
        except Unmodified:
            return UNCHANGED

    async def create(self, name: str, data: bytes) -> str:
        """See `Channel.create`."""
        key, body = self._prefix + check_name(name), stamped(data)
        put = partial(self._store.put, key, body, absent=True)
        return await self._write(name, body, put, lambda stored: stored is None)

    async def replace(self, name: str, data: bytes, tag: str) -> str:
        """See `Channel.replace`."""
        key, body = self._prefix + check_name(name), stamped(data)
        put = partial(self._store.put, key, body, tag=tag)
        return await self._write(name, body, put, lambda stored: stored is not None and stored.tag == tag)

    async def put(self, name: str, data: bytes) -> None:
        """See `Channel.put`."""
        key, body = self._prefix + check_name(name), stamped(data)
        await self._write(name, body, partial(self._store.put, key, body), lambda _: True)

    async def names(self, prefix: str) -> tuple[str, ...]:
        """See `Channel.names`."""
        keys = await self._look(partial(self._store.keys, self._prefix + check_prefix(prefix)))
        return tuple(sorted(filter(is_name, (key[len(self._prefix) :] for key in keys))))

    async def read_all(self, prefix: str) -> dict[str, Entry]:
        """See `Channel.read_all`."""
        return await read_one_by_one(self, prefix)

    async def delete(self, name: str) -> None:
        """See `Channel.delete`."""
        key = self._prefix + check_name(name)
        try:
            await self._call(partial(self._store.delete, key))
        except Unanswered as problem:
            raise OutcomeUnknown(str(problem)) from problem
        except (Failed, Refused) as problem:
            raise ChannelUnavailable(str(problem)) from problem

    async def close(self) -> None:
        """See `Channel.close`."""
        self._store.close()

    async def _write(
        self, name: str, body: bytes, put: Callable[[], str], expected: Callable[[Stored | None], bool]
    ) -> str:
        try:
            return await self._call(put)
        except (Refused, Unanswered) as problem:
            stored = await self._read_back(name, problem)
            if stored is not None and stored.body == body:
                return stored.tag
            raise _verdict(problem, as_expected=expected(stored)) from problem
        except Failed as problem:
            raise ChannelUnavailable(str(problem)) from problem

    async def _read_back(self, name: str, reason: Exception) -> Stored | None:
        try:
            return await self._read(name)
        except ChannelUnavailable as problem:
            raise OutcomeUnknown(f"{reason}; reading it back: {problem}") from problem

    async def _read(self, name: str) -> Stored | None:
        return await self._look(partial(self._store.get, self._prefix + name))

    async def _look(self, call: Callable[[], Result]) -> Result:
        """Run `call`, which writes nothing."""
        try:
            return await self._call(call)
        except Failed as problem:
            raise ChannelUnavailable(str(problem)) from problem

    async def _call(self, call: Callable[[], Result]) -> Result:
        """Run `call` in a thread, for at most the timeout: name look-ups and slow trickles have none."""
        try:
            return await asyncio.wait_for(asyncio.to_thread(call), self._timeout)
        except asyncio.TimeoutError as problem:
            raise Unanswered(f"{self._store}: no answer within {self._timeout:g} s") from problem


def entry_of(stored: Stored) -> Entry:
    """What a channel tells of a stored object."""
    return Entry(unstamped(stored.body), stored.tag)


def _entry(stored: Stored | None) -> Entry | None:
    return None if stored is None else entry_of(stored)


def _verdict(problem: Exception, *, as_expected: bool) -> Exception:
    """What a write came to that was refused or not answered, and is not there."""
    if isinstance(problem, Unanswered):
        return OutcomeUnknown(str(problem))
    if as_expected:
        return ChannelUnavailable(f"{problem}; yet the object is as expected: nothing was written, try again")
    return Conflict(str(problem))
