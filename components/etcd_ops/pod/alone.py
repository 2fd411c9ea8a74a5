"""One agent at a time on a member's volume, and a way to tell when there is none."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from etcd_ops.pod import places

_LOOK_SECONDS = 0.2


def take_turn(run: Path) -> None:
    """Wait until no other agent lives, and be the one until this process, and whatever it becomes, has ended.

    Args:
        run: shared by the member's pods.

    Raises:
        OSError
    """
    descriptor = _open(run)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.set_inheritable(descriptor, True)


def ended(run: Path, seconds: float) -> bool:
    """Whether no agent lives any more within so many seconds.

    Raises:
        OSError
    """
    descriptor = _open(run)
    until = time.monotonic() + seconds
    try:
        while not _free(descriptor):
            if time.monotonic() > until:
                return False
            time.sleep(_LOOK_SECONDS)
        return True
    finally:
        os.close(descriptor)


def _open(run: Path) -> int:
    return os.open(run / places.AGENT_LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)


def _free(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
