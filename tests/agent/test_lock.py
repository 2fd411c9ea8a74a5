"""A lock that its holder lost sight of is given back by it, and by nobody else."""

from __future__ import annotations

from itertools import count

from etcd_ops.agent.lock import MARGIN, TERM, Lock
from etcd_ops.channel.port import LOCK
from etcd_ops.model.records import LockRecord
from tests.standins.memory_channel import MemoryChannel
from tests.standins.virtual_clock import VirtualClock, run

NUMBERS = count()


def lock_of(channel: MemoryChannel, clock: VirtualClock, holder: str) -> Lock:
    return Lock(channel, clock, lambda: f"nonce-{next(NUMBERS)}", holder)


def holder_of(channel: MemoryChannel) -> str:
    return LockRecord.decode(channel.objects[LOCK].data).holder


def test_one_that_could_not_be_renewed_is_left_and_given_back() -> None:
    async def body() -> None:
        channel, clock = MemoryChannel(), VirtualClock()
        mine = lock_of(channel, clock, "m0/boot")
        await mine.observe()
        assert await mine.acquire(0)
        assert (await mine.observe()).mine
        await clock.sleep(TERM * MARGIN + 1.0)
        facts = await mine.observe()
        assert (facts.mine, facts.left, facts.available) == (False, True, False)
        assert await mine.release()
        assert holder_of(channel) == ""
        assert (await mine.observe()).available

    run(body())


def test_a_write_that_landed_late_is_left() -> None:
    async def body() -> None:
        channel, clock = MemoryChannel(), VirtualClock()
        mine = lock_of(channel, clock, "m0/boot")
        channel.store(LOCK, LockRecord(epoch=3, holder="m0/boot", nonce="late", term=TERM).encode())
        assert (await mine.observe()).left
        assert await mine.release()
        assert holder_of(channel) == ""

    run(body())


def test_that_of_another_process_is_nobody_elses_to_give_back() -> None:
    async def body() -> None:
        channel, clock = MemoryChannel(), VirtualClock()
        mine = lock_of(channel, clock, "m0/boot-2")
        for other in ("m0/boot-1", "m1/boot"):
            channel.store(LOCK, LockRecord(epoch=3, holder=other, nonce="theirs", term=TERM).encode())
            facts = await mine.observe()
            assert not facts.left and not facts.mine
            assert await mine.release()
            assert holder_of(channel) == other

    run(body())
