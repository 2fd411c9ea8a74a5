"""Keeps a zone's supervisord alive: `python -m etcd_ops.zone.watchdog ZONE_DIR`.

It revives a supervisor that is dead, never one that is merely slow: killing a live one would stop healthy
members, which nobody asked the safety gate for. Standard library only, and as little of it as possible.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from etcd_ops.zone.identity import find_supervisor, find_watchdog
from etcd_ops.zone.paths import ZonePaths
from etcd_ops.zone.process import wait_end

LOOK_SECONDS = 5.0
"""How often a deliberate stop is noticed; a death is noticed at once where the system can tell (pidfd)."""
_REVIVE_SECONDS = 90.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0


def watch(paths: ZonePaths) -> None:
    """Revive the zone's supervisor whenever it is dead; returns once the zone is stopped on purpose or gone."""
    pause = _FIRST_PAUSE
    while paths.directory.is_dir() and not paths.stopped.exists():
        supervisor = find_supervisor(paths)
        if supervisor is not None:
            pause = _FIRST_PAUSE
            wait_end(supervisor, LOOK_SECONDS)
        elif not _revived(paths):
            time.sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * 2)


def _revived(paths: ZonePaths) -> bool:
    _say(f"the supervisor of zone {paths.zone} is dead: starting it")
    command = [sys.executable, "-m", "etcd_ops.zone.revive", str(paths.directory)]
    try:
        answer = subprocess.run(command, stdin=subprocess.DEVNULL, timeout=_REVIVE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        _say(f"starting the supervisor took more than {_REVIVE_SECONDS:.0f} s")
        return False
    return answer.returncode == 0


def _say(text: str) -> None:
    print(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} watchdog: {text}", flush=True)


def main() -> int:
    """Run as a program, unless the zone has a watchdog already."""
    paths = ZonePaths.of_directory(Path(sys.argv[1]))
    other = find_watchdog(paths)
    if other is None or other.pid == os.getpid():
        watch(paths)
    return 0


if __name__ == "__main__":
    sys.exit(main())
