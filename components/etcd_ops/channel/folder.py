"""The files of a channel directory: synchronous and short."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from etcd_ops.channel.port import ChannelUnavailable

LOCK_FILE = ".lock"
TEMPORARY = ".tmp-"
LEFTOVER_AGE = 60.0
"""Seconds after which a temporary file is taken for a crashed writer's. A writer that was only slow finds its
file gone, and has written nothing."""

_REMEDIES = {
    errno.ENOENT: "deploy the cluster's store, or mount it",
    errno.ENOTDIR: "deploy the cluster's store, or mount it",
    errno.EACCES: "run as the user who owns it",
    errno.EPERM: "run as the user who owns it",
    errno.EROFS: "mount it writable",
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.EFBIG: "raise the process's file size limit",
}


class Folder:
    """An open channel directory.

    Files are named relative to a descriptor of it: whatever is moved into its place meanwhile is never mixed
    up with it. Files are replaced whole, by renaming a file that is complete and on disk.
    """

    def __init__(self, path: Path) -> None:
        """Open the directory `path`.

        Raises:
            OSError: it is missing, or not to be read.
        """
        self.path = path
        self._root = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self._root)

    def check(self) -> None:
        """See that the directory is still in its place.

        Raises:
            OSError: it was deleted or replaced.
        """
        if not os.path.samestat(self.path.stat(), os.fstat(self._root)):
            raise FileNotFoundError(errno.ENOENT, "the directory was replaced", str(self.path))

    def read(self, name: str) -> bytes | None:
        """The content of a file, or None where there is none.

        Raises:
            OSError: it could not be told, also because the directory has gone.
        """
        try:
            descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._root)
        except FileNotFoundError:
            self.check()
            return None
        with os.fdopen(descriptor, "rb") as file:
            return file.read()

    def try_lock(self) -> int | None:
        """A descriptor that holds the directory's lock until it is closed, or None while another holds it.

        The kernel frees the lock of a process that ends, however it ends.
        """
        descriptor = os.open(LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666, dir_fd=self._root)
        try:
            if self._lock(descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def _lock(self, descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        # Somebody may have deleted the lock file between open and flock: then this lock excludes nobody.
        try:
            named = os.stat(LOCK_FILE, dir_fd=self._root)
        except FileNotFoundError:
            return False
        return os.path.samestat(named, os.fstat(descriptor))

    def prepare(self, name: str, body: bytes) -> str:
        """Write and sync a temporary file that can become `name`; returns its own name.

        Raises:
            OSError: nothing was written.
        """
        self._make_parents(name)
        temporary = TEMPORARY + secrets.token_hex(8)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666, dir_fd=self._root)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
                self._sweep(os.fstat(file.fileno()).st_mtime)
        except BaseException:
            self.discard(temporary)
            raise
        return temporary

    def publish(self, temporary: str, name: str) -> None:
        """Give the prepared file the name of an object, in place of the one before."""
        os.rename(temporary, name, src_dir_fd=self._root, dst_dir_fd=self._root)

    def discard(self, temporary: str) -> None:
        """Delete a prepared file, if it is still there and can be."""
        # A failure here must not hide what became of the write; what is left is swept up later.
        with suppress(OSError):
            os.unlink(temporary, dir_fd=self._root)

    def remove(self, name: str) -> bool:
        """Delete an object; tells whether it was there."""
        try:
            os.unlink(name, dir_fd=self._root)
        except FileNotFoundError:
            return False
        return True

    def sync(self, name: str) -> None:
        """Bring what was last done to `name` onto the disk."""
        self._sync_directory(str(PurePosixPath(name).parent))

    def files(self) -> Iterator[str]:
        """The paths of all files that are not this module's own."""
        for directory, folders, files, _ in os.fwalk(".", dir_fd=self._root, onerror=_throw):
            folders[:] = [folder for folder in folders if not folder.startswith(".")]
            for file in files:
                if not file.startswith("."):
                    yield str(PurePosixPath(directory) / file)
        self.check()

    def _make_parents(self, name: str) -> None:
        for folder in reversed(PurePosixPath(name).parents[:-1]):
            with suppress(FileExistsError):
                os.mkdir(folder, dir_fd=self._root)
                self._sync_directory(str(folder.parent))

    def _sync_directory(self, directory: str) -> None:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._root)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _sweep(self, now: float) -> None:
        with os.scandir(self._root) as entries:
            temporaries = [entry.name for entry in entries if entry.name.startswith(TEMPORARY)]
        for file in temporaries:
            # Other writers sweep too; and a leftover that is somebody else's only costs space.
            with suppress(FileNotFoundError, PermissionError):
                if now - os.stat(file, dir_fd=self._root).st_mtime > LEFTOVER_AGE:
                    os.unlink(file, dir_fd=self._root)


@contextmanager
def opened(path: Path) -> Iterator[Folder]:
    """The channel directory `path`, open.

    Raises:
        ChannelUnavailable: for every OSError in the block too, with its cause and the remedy.
    """
    with explained(path):
        folder = Folder(path)
        try:
            yield folder
        finally:
            folder.close()


@contextmanager
def explained(path: Path, error: type[ChannelUnavailable] = ChannelUnavailable) -> Iterator[None]:
    """Turn an OSError into `error`, with its cause and the remedy."""
    try:
        yield
    except OSError as problem:
        remedy = _REMEDIES.get(problem.errno or 0)
        cause = f"channel directory {path}: {problem.strerror}"
        raise error(f"{cause}; {remedy}" if remedy else cause) from problem


def _throw(problem: OSError) -> None:
    raise problem
