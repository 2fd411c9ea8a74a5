"""A channel in an S3 bucket, for members on machines of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, HttpUrl, StringConstraints, TypeAdapter, ValidationError

from etcd_ops.channel.names import check_name, check_prefix, is_name
from etcd_ops.channel.port import UNCHANGED, ChannelUnavailable, Conflict, Entry, OutcomeUnknown, Unchanged
from etcd_ops.channel.s3_bucket import Bucket, Failed, Place, Refused, Stored, Unanswered, Unmodified
from etcd_ops.channel.stamp import stamped, unstamped
from etcd_ops.model.document import Strict

Result = TypeVar("Result")

TIMEOUT = 8.0
"""Seconds for one call. A write whose answer is lost makes two: it reads back what it wrote."""
_CONNECT_SHARE = 0.25
_READ_SHARE = 0.6

_URL = TypeAdapter(HttpUrl)


def _endpoint(url: str) -> str:
    try:
        parsed = _URL.validate_python(url) if url else None
    except ValidationError as problem:
        raise ValueError("give a URL such as https://host:port, or nothing for AWS") from problem
    if parsed is not None and (parsed.query or parsed.fragment or parsed.username):
        raise ValueError("give scheme, host and port only")
    return url


class S3Connection(Strict):
    """Where an S3 channel is. Credentials come from the usual AWS chain, never from here."""

    kind: Literal["s3"] = "s3"
    bucket: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    prefix: Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9][A-Za-z0-9!_.*'()-]*/)*$", max_length=500)] = ""
    """Begins every key: empty, or ends with a slash."""
    region: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")]
    endpoint_url: Annotated[str, AfterValidator(_endpoint)] = ""
    """Of a server other than AWS."""
    expected_account: Annotated[str, StringConstraints(pattern=r"^([0-9]{12})?$")] = ""
    """The AWS account that must own the bucket; empty where any owner will do."""

    @property
    def place(self) -> Place:
        """Which bucket, where, and whose."""
        return Place(self.bucket, self.region, self.endpoint_url, self.expected_account)

    def connect(self) -> S3Channel:
        """The channel; nothing is called yet."""
        return S3Channel(self.place, prefix=self.prefix)


class S3Channel:
    """Objects of one S3 bucket under a prefix, written by conditional puts.

    Every request is sent once and ends within a bound. The store's word alone is not believed: a write that
    was refused or not answered is read back. It succeeded if the very bytes are there (they are stamped); it is
    a Conflict only if the store refused it and the object is not as expected; after a lost answer, its outcome
    is unknown.

    The server must do conditional puts atomically; not every one does: see the tests of writers that race.
    """

    def __init__(self, place: Place, *, prefix: str = "", timeout: float = TIMEOUT) -> None:
        """Name the bucket.

        Args:
            place: which bucket.
            prefix: begins every key.
            timeout: seconds for one call.
        """
        self._prefix = prefix
        self._place = place
        self._timeout = timeout
        self._bucket = Bucket(place, connect_timeout=timeout * _CONNECT_SHARE, read_timeout=timeout * _READ_SHARE)

    def __str__(self) -> str:
        return f"{self._place}, prefix {self._prefix or 'none'}"

    async def read(self, name: str) -> Entry | None:
        """See `Channel.read`."""
        return _entry(await self._read(check_name(name)))

    async def read_if_changed(self, name: str, tag: str) -> Entry | Unchanged | None:
        """See `Channel.read_if_changed`."""
        key = self._prefix + check_name(name)
        try:
            return _entry(await self._call(partial(self._bucket.get, key, tag)))
        except Unmodified:
            return UNCHANGED
        except Failed as problem:
            raise ChannelUnavailable(str(problem)) from problem

    async def create(self, name: str, data: bytes) -> str:
        """See `Channel.create`."""
        key, body = self._prefix + check_name(name), stamped(data)
        put = partial(self._bucket.put, key, body, absent=True)
        return await self._write(name, body, put, lambda stored: stored is None)

    async def replace(self, name: str, data: bytes, tag: str) -> str:
        """See `Channel.replace`."""
        key, body = self._prefix + check_name(name), stamped(data)
        put = partial(self._bucket.put, key, body, etag=tag)
        return await self._write(name, body, put, lambda stored: stored is not None and stored.etag == tag)

    async def put(self, name: str, data: bytes) -> None:
        """See `Channel.put`."""
        key, body = self._prefix + check_name(name), stamped(data)
        await self._write(name, body, partial(self._bucket.put, key, body), lambda _: True)

    async def names(self, prefix: str) -> tuple[str, ...]:
        """See `Channel.names`."""
        try:
            keys = await self._call(partial(self._bucket.keys, self._prefix + check_prefix(prefix)))
        except Failed as problem:
            raise ChannelUnavailable(str(problem)) from problem
        return tuple(sorted(filter(is_name, (key[len(self._prefix) :] for key in keys))))

    async def delete(self, name: str) -> None:
        """See `Channel.delete`."""
        key = self._prefix + check_name(name)
        try:
            await self._call(partial(self._bucket.delete, key))
        except Unanswered as problem:
            raise OutcomeUnknown(str(problem)) from problem
        except (Failed, Refused) as problem:
            raise ChannelUnavailable(str(problem)) from problem

    async def close(self) -> None:
        """See `Channel.close`."""
        self._bucket.close()

    async def _write(
        self, name: str, body: bytes, put: Callable[[], str], expected: Callable[[Stored | None], bool]
    ) -> str:
        try:
            return await self._call(put)
        except (Refused, Unanswered) as problem:
            stored = await self._read_back(name, problem)
            if stored is not None and stored.body == body:
                return stored.etag
            raise _verdict(problem, as_expected=expected(stored)) from problem
        except Failed as problem:
            raise ChannelUnavailable(str(problem)) from problem

    async def _read_back(self, name: str, reason: Exception) -> Stored | None:
        try:
            return await self._read(name)
        except ChannelUnavailable as problem:
            raise OutcomeUnknown(f"{reason}; reading it back: {problem}") from problem

    async def _read(self, name: str) -> Stored | None:
        try:
            return await self._call(partial(self._bucket.get, self._prefix + name))
        except Failed as problem:
            raise ChannelUnavailable(str(problem)) from problem

    async def _call(self, call: Callable[[], Result]) -> Result:
        """Run `call` in a thread, for at most the timeout: name look-ups and slow trickles have none."""
        try:
            return await asyncio.wait_for(asyncio.to_thread(call), self._timeout)
        except asyncio.TimeoutError as problem:
            raise Unanswered(f"{self._place}: no answer within {self._timeout:g} s") from problem


def _entry(stored: Stored | None) -> Entry | None:
    return None if stored is None else Entry(unstamped(stored.body), stored.etag)


def _verdict(problem: Exception, *, as_expected: bool) -> Exception:
    """What a write came to that was refused or not answered, and is not there."""
    if isinstance(problem, Unanswered):
        return OutcomeUnknown(str(problem))
    if as_expected:
        return ChannelUnavailable(f"{problem}; yet the object is as expected: nothing was written, try again")
    return Conflict(str(problem))
