"""Stands in for a channel: objects in memory, with faults that a test orders one by one."""

from __future__ import annotations

from collections.abc import Callable

from etcd_ops.channel.one_by_one import read_one_by_one
from etcd_ops.channel.port import UNCHANGED, ChannelUnavailable, Conflict, Entry, OutcomeUnknown, Unchanged


class MemoryChannel:
    def __init__(self) -> None:
        self.objects: dict[str, Entry] = {}
        self.writes = 0
        self.available = True
        self.before_write: list[Callable[[], None]] = []
        """Each is called once, before the next write: where another writer comes first."""
        self.unsure: list[bool] = []
        """Outcomes of the next writes whose caller learns nothing: whether each took effect."""

    async def read(self, name: str) -> Entry | None:
        self._reach()
        return self.objects.get(name)

    async def read_if_changed(self, name: str, tag: str) -> Entry | Unchanged | None:
        entry = await self.read(name)
        return UNCHANGED if entry is not None and entry.tag == tag else entry

    async def create(self, name: str, data: bytes) -> str:
        return self._conditional(name, data, None)

    async def replace(self, name: str, data: bytes, tag: str) -> str:
        return self._conditional(name, data, tag)

    async def put(self, name: str, data: bytes) -> None:
        self._reach()
        self.store(name, data)

    async def names(self, prefix: str) -> tuple[str, ...]:
        self._reach()
        return tuple(sorted(name for name in self.objects if name.startswith(prefix)))

    async def read_all(self, prefix: str) -> dict[str, Entry]:
        return await read_one_by_one(self, prefix)

    async def delete(self, name: str) -> None:
        self._reach()
        self.objects.pop(name, None)

    async def close(self) -> None:
        self.available = False

    def store(self, name: str, data: bytes) -> str:
        """Write as somebody else would."""
        self.writes += 1
        self.objects[name] = Entry(data, f"tag-{self.writes}")
        return self.objects[name].tag

    def _reach(self) -> None:
        if not self.available:
            raise ChannelUnavailable("the store does not answer")

    def _conditional(self, name: str, data: bytes, tag: str | None) -> str:
        self._reach()
        if self.before_write:
            self.before_write.pop(0)()
        current = self.objects.get(name)
        if (current.tag if current else None) != tag:
            raise Conflict(name)
        if not self.unsure:
            return self.store(name, data)
        if self.unsure.pop(0):
            self.store(name, data)
        raise OutcomeUnknown("the connection broke")
