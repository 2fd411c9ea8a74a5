"""Prints the incarnation in a channel that is slow to load: `python -m etcd_ops.runtime.incarnation AGENT_CONFIG`.

A process of its own, which the launcher ends when it takes too long. Prints nothing where there is no formation.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from etcd_ops.channel.connect import connect
from etcd_ops.channel.port import FORMATION, ChannelUnavailable
from etcd_ops.runtime.known_incarnation import parse_incarnation
from etcd_ops.runtime.parent import die_with_parent


async def read(connection: Mapping[str, Any]) -> int | None:
    """The incarnation in the channel that this connection value names.

    Raises:
        ChannelUnavailable, ValueError
    """
    channel = connect(connection)
    try:
        entry = await channel.read(FORMATION)
    finally:
        await channel.close()
    return None if entry is None else parse_incarnation(entry.data)


def main() -> int:
    """Run as a program."""
    die_with_parent()
    try:
        found = asyncio.run(read(json.loads(Path(sys.argv[1]).read_bytes())["channel"]))
    except (ChannelUnavailable, OSError, ValueError, KeyError) as problem:
        print(f"etcd-ops launch: the channel was not read: {problem}", file=sys.stderr)
        return 1
    if found is not None:
        print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
