"""What an agent is told at its start: which member it keeps, and the bounds it works within."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """How often an agent looks, and how long it waits. All in seconds."""

    working: float = 0.5
    """Between two observations while something is to be done."""
    after_step: float = 0.05
    """Between a step that succeeded and the next observation."""
    idle: float = 5.0
    """Between two observations while everything is in force."""
    glance: float = 0.5
    """Between two looks at whether the desired document or the controls changed."""
    read_timeout: float = 1.0
    """For one question to one member."""
    step_timeout: float = 5.0
    """For one request that changes the cluster; well under the lock's term."""
    freshness: float = 20.0
    """A status that did not change for so long is silent."""
    settle: float = 60.0
    """For a member that was started to serve, besides the time its database takes."""
    settle_bytes_per_second: float = 10e6
    """At which a database is expected to be loaded or received (etcd's hardware guide, a slow disk)."""
    stop_grace: float = 20.0
    """For etcd to hand its leadership over and end after SIGTERM; etcd itself waits up to 5 s + 2 election timeouts."""
    stale: float = 4.0
    """Facts older than this are not acted on."""


HERE = Pace()
"""Beside a channel in a directory of the machine."""
REMOTE = Pace(working=1.0, glance=2.0)
"""Beside a channel that a server keeps: a look is two requests and more, which cost it, the agent, and in S3 money."""


def pace_of(channel: Mapping[str, object]) -> Pace:
    """How often an agent looks whose channel is reached by this connection value."""
    return HERE if channel["kind"] == "directory" else REMOTE


@dataclass(frozen=True, slots=True)
class Settings:
    """One agent's place."""

    cluster: str
    slot: str
    zone: str
    agent_version: str
    pace: Pace = HERE
    taken_back: str = ""
    """Digest of the document whose image of the agent was taken back in this pod; empty where none was."""
    taken_back_for: str = ""
    """Why."""
