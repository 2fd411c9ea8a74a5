"""What a member that is gone leaves in the channel: nothing that speaks of it, all that speaks of another's."""

from __future__ import annotations

from pydantic import ValidationError

from etcd_ops.agent.clock import SystemClock
from etcd_ops.channel.connect import connect
from etcd_ops.channel.port import Channel, ChannelUnavailable, log_name, status_name
from etcd_ops.model.problems import Problem
from etcd_ops.model.status import MemberStatus
from etcd_ops.rollout.closing import forget_volume
from pulumi_etcd.provider.resource import Failed
from pulumi_etcd.provider.values import Properties


async def forget(connection: Properties, slot: str, volume_id: str, *, volume_is_gone: bool) -> None:
    """Leave nothing in the channel that speaks of a member that is gone.

    Args:
        connection: the channel's connection value.
        slot: the member's.
        volume_id: identity of its volume; empty where it is not known.
        volume_is_gone: whether the volume is deleted, too.

    Raises:
        Failed: the channel does not answer.
    """
    channel = connect(connection)
    try:
        if volume_is_gone:
            await forget_volume(channel, slot, volume_id, SystemClock())
        if await _published_by_another(channel, slot, volume_id):
            return
        await channel.delete(status_name(slot))
        await channel.delete(log_name(slot))
    except ChannelUnavailable as problem:
        reason = f"{slot} is gone, but that could not be recorded: {problem}"
        raise Failed(Problem("channel", reason, "run it again when the channel answers")) from problem
    finally:
        await channel.close()


async def published_volume(connection: Properties, slot: str) -> str:
    """Identity of the volume that a slot's status names; empty where there is none, or it names none.

    Raises:
        Failed: the channel does not answer.
    """
    channel = connect(connection)
    try:
        return await _published(channel, slot)
    except ChannelUnavailable as problem:
        reason = f"which volume {slot} has cannot be read: {problem}"
        raise Failed(Problem("channel", reason, "run it again when the channel answers")) from problem
    finally:
        await channel.close()


async def _published_by_another(channel: Channel, slot: str, volume_id: str) -> bool:
    """Whether the slot's status is of a member on another volume, as where two stacks named one channel."""
    return await _published(channel, slot) not in ("", volume_id)


async def _published(channel: Channel, slot: str) -> str:
    entry = await channel.read(status_name(slot))
    try:
        return MemberStatus.decode(entry.data).volume_id if entry is not None else ""
    except ValidationError:
        return ""
