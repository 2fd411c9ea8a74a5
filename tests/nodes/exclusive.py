"""Who has the nodes. There is one set of them on a machine: their names and addresses are always the same."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from etcd_ops.zone.process import Process, look
from tests.nodes.namespaces import PREFIX

LOCK = Path(f"/run/{PREFIX}.lock")
"""Holds its owner's pid. The system frees it when its owner dies; then only the file stays, until the next one ends."""


class Taken(Exception):
    """Somebody else has nodes."""

    def __init__(self, process: Process | None) -> None:
        who = f"process {process.pid} ({' '.join(process.command)})" if process else "a process that is about to end"
        super().__init__(
            f"{who} has Kubernetes nodes, of which there is one set on a machine: "
            "wait until it ends, or end it with `make down-kubernetes` in its clone"
        )


@contextmanager
def alone() -> Iterator[None]:
    """Nobody else may have nodes meanwhile.

    Raises:
        Taken: somebody has.
    """
    while (mine := _take()) is None:
        pass
    try:
        os.write(mine, f"{os.getpid()}\n".encode())
        yield
    finally:
        LOCK.unlink()
        os.close(mine)


def owner() -> Process | None:
    """Who has nodes; None where nobody has."""
    try:
        asking = os.open(LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(asking, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        pid = os.read(asking, 20).strip()
        return look(int(pid)) if pid else None
    finally:
        os.close(asking)


def _take() -> int | None:
    """The descriptor of the locked file; None where it was removed meanwhile, by its last owner."""
    mine = os.open(LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(mine)
        raise Taken(owner()) from None
    if _is_the_one(mine):
        os.ftruncate(mine, 0)
        return mine
    os.close(mine)
    return None


def _is_the_one(descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), LOCK.stat())
    except FileNotFoundError:
        return False
