"""Reading all objects below a prefix where a channel has no call for that."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from etcd_ops.channel.port import Channel, Entry


async def read_one_by_one(channel: Channel, prefix: str) -> dict[str, Entry]:
    """What `Channel.read_all` gives: the names, then each object; one that is deleted in between is left out.

    Raises:
        ChannelUnavailable
    """
    found = {name: await channel.read(name) for name in await channel.names(prefix)}
    return {name: entry for name, entry in found.items() if entry is not None}
