"""Taking a zone's power away, as a test or a chaos experiment does."""

from __future__ import annotations

import signal

from etcd_ops.zone.errors import ZoneError
from etcd_ops.zone.identity import find_supervisor, find_watchdog
from etcd_ops.zone.paths import ZonePaths
from etcd_ops.zone.process import family, send, wait_gone

_GONE_SECONDS = 10.0


def power_off(paths: ZonePaths) -> None:
    """Kill everything of a zone at once: watchdog, supervisor, agents, etcd. `start_zone` brings it back.

    Nothing is told and nothing is written, as when a machine loses power.

    Raises:
        ZoneError: something survived.
    """
    roots = [root for root in (find_watchdog(paths), find_supervisor(paths)) if root is not None]
    for root in roots:
        # Stopped first, so that nothing is started between looking and killing.
        send(root, signal.SIGSTOP)
    victims = [process for root in roots for process in family(root)]
    for process in victims:
        send(process, signal.SIGKILL)
    left = wait_gone(victims, _GONE_SECONDS)
    if left:
        raise ZoneError(f"processes {', '.join(str(process.pid) for process in left)} survived SIGKILL")
