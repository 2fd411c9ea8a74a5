"""Writes that are either wholly there after a crash or not at all. Standard library only."""

from __future__ import annotations

import ctypes
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

PARTIAL = ".partial"
"""Ending of a file or folder that is still being written; whoever reads a folder ignores such names."""

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
"""From linux/fcntl.h and linux/fs.h."""


def write_file(path: Path, data: bytes, mode: int = 0o600, confirm: Callable[[], object] | None = None) -> None:
    """Replace a file's content, atomically and durably.

    Args:
        path: the file.
        data: its new content.
        mode: its permissions.
        confirm: called once all is written, which may take long, right before it takes effect; may raise.

    Raises:
        OSError: nothing was changed, and no half-written file is left behind.
    """
    temporary = partial_name(path)
    try:
        write_new(temporary, data, mode)
        if confirm is not None:
            confirm()
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def write_new(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file and sync its content; the folder entry is not synced yet."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    descriptor = os.open(path, flags, permissions(path, mode))
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def partial_name(path: Path) -> Path:
    """A name beside `path` that no other writer uses at the same time."""
    return path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}{PARTIAL}")


def sync_directory(path: Path) -> None:
    """Make a folder's entries durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(path: Path, mode: int = 0o700) -> None:
    """Create a folder and its missing parents, durably; one that is there is left as it is."""
    missing = [folder for folder in (path, *path.parents) if not folder.is_dir()]
    for folder in reversed(missing):
        new_directory(folder, mode)
        sync_directory(folder.parent)


def new_directory(path: Path, mode: int = 0o700) -> None:
    """Create a folder; one that is there is left as it is."""
    path.mkdir(permissions(path, mode), exist_ok=True)


def permissions(path: Path, mode: int) -> int:
    """What a new file or folder is permitted: in a set-group-ID folder, another group may read what the owner may.

    There etcd runs as another user than whoever keeps the volume, and whose umask has to allow it. Where the group is
    the own one, as of a volume that a kubelet prepared for its pod, etcd is the same user, and nobody else has to read.
    """
    folder = path.parent.stat()
    shared = folder.st_mode & stat.S_ISGID and folder.st_gid != os.getegid()
    return mode | (mode & 0o500) >> 3 if shared else mode


def replace_link(path: Path, target: str) -> None:
    """Make `path` a symbolic link to `target` in one step, durably."""
    temporary = partial_name(path)
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    try:
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def rename(source: Path, target: Path) -> None:
    """Move within a file system, durably; `target` must not exist as a file or filled folder."""
    source.rename(target)
    sync_directory(target.parent)
    if source.parent != target.parent:
        sync_directory(source.parent)


def rename_over(source: Path, target: Path) -> None:
    """Move a file within a folder, durably, in one step, and over one that is there."""
    source.replace(target)
    sync_directory(target.parent)


def swap(one: Path, other: Path) -> None:
    """Exchange two paths within a file system, in one step and durably (Linux).

    Raises:
        OSError: nothing was changed.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(one), None, str(other))
    for folder in {one.parent, other.parent}:
        sync_directory(folder)


def remove_file(path: Path) -> None:
    """Delete a file, durably; one that is not there is fine."""
    try:
        path.unlink()
    except FileNotFoundError:
        return
    sync_directory(path.parent)
