"""A channel in a directory of this machine's file system, for the members of a local platform."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator

from etcd_ops.channel.folder import LOCK_FILE, Folder, explained, opened
from etcd_ops.channel.names import check_name, check_prefix, is_name
from etcd_ops.channel.one_by_one import read_one_by_one
from etcd_ops.channel.port import UNCHANGED, ChannelUnavailable, Conflict, Entry, OutcomeUnknown, Unchanged
from etcd_ops.channel.stamp import stamped, unstamped
from etcd_ops.model.document import Strict, digest

Sleep = Callable[[float], Awaitable[object]]

PATIENCE = 5.0
"""Seconds to wait for the directory's lock, which every writer holds for less than a millisecond."""
_FIRST_PAUSE = 0.001
_LONGEST_PAUSE = 0.02


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("give an absolute path")
    return path


class DirectoryConnection(Strict):
    """Where a directory channel is."""

    kind: Literal["directory"] = "directory"
    directory: Annotated[Path, AfterValidator(_absolute)]

    def connect(self) -> DirectoryChannel:
        """The channel; nothing is opened yet."""
        return DirectoryChannel(self.directory)


class DirectoryChannel:
    """Objects as files of one directory, which somebody else creates: without it, the channel is unavailable.

    A write prepares a complete file on disk; under the directory's lock it then only compares and renames. A
    writer that is killed leaves the old object or the new one, and a lock that the kernel frees. The tag is
    the SHA-256 of the stamped bytes, so that every write has another one (see `stamp`).

    File work is short and done at once; only the lock is waited for.
    """

    def __init__(self, directory: Path, *, sleep: Sleep = asyncio.sleep, patience: float = PATIENCE) -> None:
        """Name the directory.

        Args:
            directory: its absolute path.
            sleep: lets others run for a number of seconds.
            patience: seconds to wait for the directory's lock.
        """
        self._directory = directory
        self._sleep = sleep
        self._patience = patience

    def __str__(self) -> str:
        return f"directory {self._directory}"

    async def read(self, name: str) -> Entry | None:
        """See `Channel.read`."""
        check_name(name)
        with opened(self._directory) as folder:
            body = folder.read(name)
        return None if body is None else Entry(unstamped(body), digest(body))

    async def read_if_changed(self, name: str, tag: str) -> Entry | Unchanged | None:
        """See `Channel.read_if_changed`."""
        entry = await self.read(name)
        return UNCHANGED if entry is not None and entry.tag == tag else entry

    async def create(self, name: str, data: bytes) -> str:
        """See `Channel.create`."""
        return await self._write(name, data, lambda body: body is None)

    async def replace(self, name: str, data: bytes, tag: str) -> str:
        """See `Channel.replace`."""
        return await self._write(name, data, lambda body: body is not None and digest(body) == tag)

    async def put(self, name: str, data: bytes) -> None:
        """See `Channel.put`."""
        await self._write(name, data, lambda _: True)

    async def names(self, prefix: str) -> tuple[str, ...]:
        """See `Channel.names`."""
        check_prefix(prefix)
        with opened(self._directory) as folder:
            return tuple(sorted(file for file in folder.files() if file.startswith(prefix) and is_name(file)))

    async def read_all(self, prefix: str) -> dict[str, Entry]:
        """See `Channel.read_all`."""
        return await read_one_by_one(self, prefix)

    async def delete(self, name: str) -> None:
        """See `Channel.delete`."""
        check_name(name)
        with opened(self._directory) as folder:
            async with self._locked(folder):
                with self._outcome_unknown():
                    removed = folder.remove(name)
            if removed:
                with self._outcome_unknown():
                    folder.sync(name)

    async def close(self) -> None:
        """Nothing stays open between calls."""

    async def _write(self, name: str, data: bytes, permits: Callable[[bytes | None], bool]) -> str:
        check_name(name)
        body = stamped(data)
        with opened(self._directory) as folder:
            temporary = folder.prepare(name, body)
            try:
                async with self._locked(folder):
                    self._check(name, permitted=permits(folder.read(name)))
                    with self._outcome_unknown():
                        folder.publish(temporary, name)
            except BaseException:
                folder.discard(temporary)
                raise
            with self._outcome_unknown():
                folder.sync(name)
        return digest(body)

    def _check(self, name: str, *, permitted: bool) -> None:
        if not permitted:
            raise Conflict(f"{self._directory / name} was written by somebody else")

    def _outcome_unknown(self) -> AbstractContextManager[None]:
        return explained(self._directory, OutcomeUnknown)

    @asynccontextmanager
    async def _locked(self, folder: Folder) -> AsyncIterator[None]:
        descriptor = await self._lock(folder)
        try:
            folder.check()
            yield
        finally:
            os.close(descriptor)

    async def _lock(self, folder: Folder) -> int:
        waited, pause = 0.0, _FIRST_PAUSE
        while (descriptor := folder.try_lock()) is None:
            if waited >= self._patience:
                raise ChannelUnavailable(
                    f"{self._directory / LOCK_FILE} has been locked for {waited:.1f} s; "
                    f"find the process that stopped while writing with: fuser {self._directory / LOCK_FILE}"
                )
            await self._sleep(pause)
            waited, pause = waited + pause, min(2 * pause, _LONGEST_PAUSE)
        return descriptor
