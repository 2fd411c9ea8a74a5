"""When another agent's status is fresh, and when it is silent."""

from __future__ import annotations

from etcd_ops.agent.reading import ChannelReader
from etcd_ops.channel.port import status_name
from etcd_ops.model.status import MemberStatus, State
from tests.standins.memory_channel import MemoryChannel
from tests.standins.virtual_clock import VirtualClock, run

BOUND = 20.0


def status(sequence: int) -> MemberStatus:
    return MemberStatus(slot="a-1", zone="a", boot_id="boot", sequence=sequence, agent_version="0", state=State.RUNNING)


def test_a_status_just_read_is_neither_fresh_nor_silent() -> None:
    """A learner that has only just begun is not an orphan."""
    channel, clock = MemoryChannel(), VirtualClock()
    reader = ChannelReader(channel, clock, BOUND, "mine")
    channel.store(status_name("a-1"), status(1).encode())

    async def heard(after: float, sequence: int) -> tuple[bool, bool]:
        await clock.sleep(after)
        channel.store(status_name("a-1"), status(sequence).encode())
        peer = (await reader.read()).facts.statuses["a-1"]
        return peer.fresh, peer.silent

    async def story() -> list[tuple[bool, bool]]:
        return [
            await heard(0.0, 1),
            await heard(BOUND / 2, 1),
            await heard(1.0, 2),
            await heard(BOUND - 1.0, 2),
            await heard(2.0, 2),
            await heard(1.0, 3),
        ]

    assert run(story()) == [
        (False, False),
        (False, False),
        (True, False),
        (True, False),
        (False, True),
        (True, False),
    ]
