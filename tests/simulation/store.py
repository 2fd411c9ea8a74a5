"""The object store behind the channel: compare-and-swap, and everything that can go wrong on the way to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from etcd_ops.channel.one_by_one import read_one_by_one
from etcd_ops.channel.port import UNCHANGED, ChannelUnavailable, Conflict, Entry, OutcomeUnknown, Unchanged
from tests.simulation.hosts import Host
from tests.simulation.scheduler import Call

if TYPE_CHECKING:
    from tests.simulation.world import World

T = TypeVar("T")
TIMEOUT = 2.0
"""Seconds after which a channel gives a request up."""


class Store:
    """The objects as they are."""

    def __init__(self) -> None:
        self.objects: dict[str, Entry] = {}
        self.down_until = 0.0
        self.kept: list[dict[str, Entry]] = []
        """Earlier contents, for a store that is rolled back."""
        self.set_back = False
        """It was emptied or rolled back once."""

    def keep(self) -> None:
        self.kept.append(dict(self.objects))

    def swap(self, name: str, data: bytes, tag: str | None) -> str:
        """Write if the object still has `tag` (None: does not exist)."""
        current = self.objects.get(name)
        if (current.tag if current else None) != tag:
            raise Conflict(name)
        return self.put(name, data)

    def put(self, name: str, data: bytes) -> str:
        """Tags follow from the content, as an object store's ETags do: a tag can come back."""
        tag = f"{hash(data):x}"
        self.objects[name] = Entry(data, tag)
        return tag


class SimulatedChannel:
    """One client's way to the store."""

    def __init__(self, world: World, host: Host, wrote: Callable[[str], None] = lambda _: None) -> None:
        """`wrote` is told the name of what was swapped, when it lands; the answer may come later, or never."""
        self._world, self._store, self._host, self._wrote = world, world.store, host, wrote

    async def read(self, name: str) -> Entry | None:
        return await self._call(lambda: self._store.objects.get(name), self._world.read_latency())

    async def read_if_changed(self, name: str, tag: str) -> Entry | Unchanged | None:
        entry = await self.read(name)
        return UNCHANGED if entry is not None and entry.tag == tag else entry

    async def names(self, prefix: str) -> tuple[str, ...]:
        objects = self._store.objects
        return await self._call(
            lambda: tuple(sorted(name for name in objects if name.startswith(prefix))), self._world.read_latency()
        )

    async def read_all(self, prefix: str) -> dict[str, Entry]:
        return await read_one_by_one(self, prefix)

    async def create(self, name: str, data: bytes) -> str:
        return await self._swap(name, data, None)

    async def replace(self, name: str, data: bytes, tag: str) -> str:
        return await self._swap(name, data, tag)

    async def put(self, name: str, data: bytes) -> None:
        if self._world.fate(self._host.write_fates, "put") == "late":
            self._world.scheduler.after(self._world.random.uniform(0.5, 5.0), self._store.put, name, data)
            return
        await self._call(lambda: self._store.put(name, data))

    async def delete(self, name: str) -> None:
        await self._call(lambda: self._store.objects.pop(name, None))

    async def close(self) -> None:
        return None

    async def _swap(self, name: str, data: bytes, tag: str | None) -> str:
        world = self._world
        world.doom(self._host)
        fate = world.fate(self._host.write_fates, "write")
        if fate == "normal":
            return await self._call(lambda: self._land(name, data, tag))
        if fate == "unanswered":
            await self._call(lambda: self._quietly(name, data, tag))
        if fate == "late":
            world.scheduler.after(world.random.uniform(0.5, 40.0), self._quietly, name, data, tag)
        await Call(None, TIMEOUT)
        raise OutcomeUnknown("no answer from the store")

    def _quietly(self, name: str, data: bytes, tag: str | None) -> None:
        try:
            self._land(name, data, tag)
        except Conflict:
            self._world.note(f"a write of {name} landed in vain")

    def _land(self, name: str, data: bytes, tag: str | None) -> str:
        written = self._store.swap(name, data, tag)
        self._wrote(name)
        return written

    async def _call(self, effect: Callable[[], T], delay: float | None = None) -> T:
        def land() -> T:
            if not self._world.channel_reachable(self._host):
                raise ChannelUnavailable("the store does not answer")
            return effect()

        if not self._world.channel_reachable(self._host):
            delay = TIMEOUT
        result: T = await Call(land, self._world.latency() if delay is None else delay)
        return result
