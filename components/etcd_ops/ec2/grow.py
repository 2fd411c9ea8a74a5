"""Grows a mounted file system to the size of its device: `python -m etcd_ops.ec2.grow FOLDER DEVICE`.

A volume that is modified becomes larger under a file system that does not. Standard library only.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from etcd_ops.ec2 import mounted

SUPERBLOCK, MAGIC = 1024, 0xEF53
"""Where it is, and how it is known (ext4 data structures, "Super Block", Documentation/filesystems/ext4/super.rst)."""
_SIZE, _BLOCKS, _BLOCK_EXPONENT, _MAGIC, _FEATURES, _MORE_BLOCKS = 1024, 0x4, 0x18, 0x38, 0x60, 0x150
_64BIT = 0x80


def file_system_bytes(superblock: bytes) -> int:
    """The size of an ext4 file system. Pure.

    Args:
        superblock: its 1024 bytes.

    Raises:
        ValueError: it is none.
    """
    if len(superblock) != _SIZE or _number(superblock, _MAGIC) & 0xFFFF != MAGIC:
        raise ValueError("no file system of the kind ext4")
    blocks = _number(superblock, _BLOCKS)
    if _number(superblock, _FEATURES) & _64BIT:
        blocks += _number(superblock, _MORE_BLOCKS) << 32
    return blocks << (10 + _number(superblock, _BLOCK_EXPONENT))


def _number(superblock: bytes, offset: int) -> int:
    return int.from_bytes(superblock[offset : offset + 4], "little")


def room(device: Path) -> int:
    """The bytes of a device that its file system does not reach.

    Raises:
        OSError, ValueError
    """
    with device.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(SUPERBLOCK)
        return size - file_system_bytes(file.read(_SIZE))


def main() -> int:
    """Run as a program; returns 1 where a file system that could be larger is not."""
    folder, device = Path(sys.argv[1]), Path(sys.argv[2])
    if reason := mounted.problem(folder, device):
        print(reason, file=sys.stderr)
        return 1
    try:
        free = room(device)
        if free < os.statvfs(folder).f_bsize:
            return 0
        words = ["resize2fs", str(device)]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    except (OSError, ValueError) as problem:
        print(f"{device}: {problem}", file=sys.stderr)
        return 1
    why = "".join(done.stderr.strip().splitlines()[-1:])  # its version comes first
    told = "grew by" if done.returncode == 0 else f"{why}; it could grow by"
    print(f"{folder}: {told} {free >> 20} MiB", file=sys.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
