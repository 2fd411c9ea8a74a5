"""What a holder may still do with a lock that it has not renewed."""

from __future__ import annotations

from itertools import count

from etcd_ops.agent.lock import MARGIN, TERM, Lock
from etcd_ops.model.facts import LockFacts
from tests.standins.memory_channel import MemoryChannel
from tests.standins.virtual_clock import VirtualClock, run

LATE = TERM * MARGIN + 1.0


def test_a_holder_that_was_held_up_can_still_give_the_lock_back() -> None:
    """It trusts no more that it holds it; as long as nobody else took it, it would stand in the record for ever."""
    clock, numbers = VirtualClock(), count()
    channel = MemoryChannel()
    lock, other = (Lock(channel, clock, lambda: f"n{next(numbers)}", who, TERM) for who in ("a/1", "b/1"))

    async def story() -> tuple[LockFacts, LockFacts, LockFacts]:
        await lock.observe()
        assert await lock.acquire(0)
        await clock.sleep(LATE)
        late, others = await lock.observe(), await other.observe()
        assert await lock.release()
        return late, others, await lock.observe()

    late, others, after = run(story())
    assert (late.mine, late.left) == (False, True)
    assert (others.mine, others.left) == (False, False)
    assert (after.left, after.available) == (False, True)
    assert after.record is not None
    assert not after.record.holder
