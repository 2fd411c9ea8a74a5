"""One change of a zone at a time, whoever makes it. Standard library only."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from etcd_ops.zone.errors import ZoneError
from etcd_ops.zone.paths import ZonePaths

_POLL_SECONDS = 0.02


@contextmanager
def zone_lock(paths: ZonePaths, seconds: float) -> Iterator[None]:
    """Hold the zone's lock file; it is given back when its holder ends, however it ends.

    Raises:
        ZoneError: another process held it for `seconds`, or there is no such zone.
    """
    deadline = time.monotonic() + seconds
    while (descriptor := _try_lock(paths.lock)) is None:
        if time.monotonic() > deadline:
            raise ZoneError(f"{paths.lock} is held by another process for more than {seconds:.0f} s")
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        os.close(descriptor)


def _try_lock(path: Path) -> int | None:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileNotFoundError as problem:
        raise ZoneError(f"{path.parent} does not exist: the zone was not made, or is removed") from problem
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_current(descriptor, path):
            return descriptor
    except BlockingIOError:
        pass
    os.close(descriptor)
    return None


def _is_current(descriptor: int, path: Path) -> bool:
    """Whether the locked file is still the one of that name: the zone may have been removed meanwhile."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
