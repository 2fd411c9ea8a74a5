"""What a channel costs a process, measured in a process of its own: `python -m tests.channel.memory CONNECTION`."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import psutil

from etcd_ops.channel.connect import connect
from tools import ROOT


def megabytes(connection: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> float:
    """Resident memory that using a channel adds."""
    command = [sys.executable, "-m", __name__, json.dumps(connection)]
    done = subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found = int(done.stdout) / 2**20
    print(f"{found:.1f} MB")
    return found


async def _use(connection: Mapping[str, Any]) -> None:
    channel = connect(connection)
    for _ in range(50):
        await channel.put("status/a.json", b"x" * 5000)
        await channel.read("status/a.json")
        await channel.names("")
    await channel.close()


def _main() -> None:
    before = psutil.Process().memory_info().rss
    asyncio.run(_use(json.loads(sys.argv[1])))
    print(psutil.Process().memory_info().rss - before)


if __name__ == "__main__":
    _main()
