"""Prints what is appended to a log, for ever: `python -m etcd_ops.pod.follow LOG`. Standard library only.

The agent reads etcd's log from a file; whoever asks the kubelet for it (`kubectl logs`) sees the same lines.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

PAUSE = 0.2
"""Seconds between two looks."""
CHUNK = 1 << 16


def appended(path: Path, pause: float = PAUSE) -> Iterator[bytes]:
    """Parts of a file as they are written; a file that takes its place is begun anew."""
    while True:
        with suppress(FileNotFoundError), path.open("rb") as file:
            yield from _parts(path, file, pause)
        time.sleep(pause)


def _parts(path: Path, file: BinaryIO, pause: float) -> Iterator[bytes]:
    """What is in an open file, and is written to it, until another one has its name."""
    while True:
        replaced = _is_replaced(path, file)
        # Looked first, read after: nothing is written to a file once another one has its name.
        while part := file.read(CHUNK):
            yield part
        if replaced:
            return
        time.sleep(pause)


def _is_replaced(path: Path, file: BinaryIO) -> bool:
    """One that only lost its name may still be written to until another one has it."""
    try:
        return path.stat().st_ino != os.fstat(file.fileno()).st_ino
    except FileNotFoundError:
        return False


def main() -> int:
    """Run as a program."""
    for part in appended(Path(sys.argv[1])):
        sys.stdout.buffer.write(part)
        sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
