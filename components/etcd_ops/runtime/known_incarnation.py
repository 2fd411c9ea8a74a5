"""A bounded read of the incarnation in the channel, before etcd starts. Standard library only.

It may only ever keep etcd from starting, never wait for long: a channel that is away, slow or empty says nothing.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

FORMATION = "formation.json"
"""Name of the formation record in every channel: `etcd_ops.channel.port.FORMATION`, which is not imported here."""

READ_SECONDS = 2.0
"""Enough for an object store in the same region; what takes longer is treated as away."""


def channel_incarnation(agent_config: Path, seconds: float = READ_SECONDS) -> int | None:
    """The incarnation of the formation record; None where it cannot be read in time.

    Args:
        agent_config: the file in which the platform names the channel.
        seconds: how long this may take.
    """
    connection = _connection(agent_config)
    match connection.get("kind"):
        case "directory":
            return _within(seconds, Path(str(connection.get("directory"))) / FORMATION)
        case "s3" | "kubernetes":
            return _from_helper(agent_config, seconds)
    return None


def parse_incarnation(data: bytes) -> int | None:
    """The incarnation in an encoded formation record; None where it has none."""
    try:
        document = json.loads(data)
    except ValueError:
        return None
    value = document.get("incarnation") if isinstance(document, dict) else None
    return value if isinstance(value, int) else None


def _connection(agent_config: Path) -> dict[str, Any]:
    try:
        document = json.loads(agent_config.read_bytes())
        connection = document["channel"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return connection if isinstance(connection, dict) else {}


def _within(seconds: float, path: Path) -> int | None:
    """Read a file in a thread that may hang, as on a network file system that is away; exec ends it."""
    found: list[int | None] = []

    def read() -> None:
        try:
            found.append(parse_incarnation(path.read_bytes()))
        except OSError:
            found.append(None)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(seconds)
    return found[0] if found else None


def _from_helper(agent_config: Path, seconds: float) -> int | None:
    """Ask a process of its own: what speaks to an object store or an API server is slow to load, and may hang."""
    import subprocess

    command = [sys.executable, "-m", "etcd_ops.runtime.incarnation", str(agent_config)]
    try:
        answer = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    text = answer.stdout.strip()
    return int(text) if answer.returncode == 0 and text.isdigit() else None
