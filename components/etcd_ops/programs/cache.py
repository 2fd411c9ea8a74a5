"""Finished programs, one folder each, named by what they were made from; a half-made one is never seen."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from etcd_ops.programs.progress import say

CACHE_VARIABLE = "PULUMI_ETCD_CACHE"


def machine() -> str:
    """The operating system and processor that programs are made for, in Go's words: `linux-amd64`."""
    processor = platform.machine().lower()
    return f"{sys.platform}-{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(processor, processor) }"


@dataclass(frozen=True)
class Key:
    """Names one program: equal keys mean the same program made from the same pinned source."""

    name: str
    version: str
    recipe: bytes
    """Everything the program is made from: lock files, arguments, hashes."""

    @property
    def folder(self) -> str:
        """The name of the program's folder in a cache."""
        digest = hashlib.sha256(self.recipe + machine().encode()).hexdigest()
        return f"{self.name}-{self.version}-{digest[:16]}"


class Cache:
    """The programs under one root; safe for several processes at once."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def of_user(cls) -> Cache:
        """The cache of this user: `PULUMI_ETCD_CACHE`, or `pulumi-etcd` in the user's cache folder."""
        chosen = os.environ.get(CACHE_VARIABLE)
        if chosen:
            return cls(Path(chosen).expanduser().absolute())
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
        return cls(Path(base).expanduser().absolute() / "pulumi-etcd")

    def find(self, key: Key) -> Path | None:
        """The folder of a finished program, or None."""
        folder = self.root / "programs" / key.folder
        return folder if folder.is_dir() else None

    def obtain(self, key: Key, make: Callable[[Path], None]) -> Path:
        """The folder of a program, which `make` fills if it is not there yet.

        `make` gets an empty folder, which becomes visible under the program's name only after `make` returned
        and the files are on disk. If it raises, or the process dies, nothing of it is ever found.

        Args:
            key: names the program.
            make: fills the folder it is given.

        Returns:
            The finished folder; not to be written to.
        """
        found = self.find(key)
        if found:
            return found
        with locked(self.root / "locks" / key.folder, f"obtaining {key.name} {key.version}"):
            return self.find(key) or self._make(key, make)

    def _make(self, key: Key, make: Callable[[Path], None]) -> Path:
        unfinished = self.root / "unfinished" / key.folder
        if unfinished.exists():
            _remove(unfinished)
        unfinished.mkdir(parents=True)
        try:
            make(unfinished)
        except BaseException:
            _remove(unfinished)
            raise
        finished = self.root / "programs" / key.folder
        finished.parent.mkdir(exist_ok=True)
        os.sync()
        unfinished.rename(finished)
        return finished


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Holds a lock file, which the system frees when its holder dies.

    Args:
        path: the file; it and its folder are made if missing.
        what: is told to the user if another process holds the lock, such as "obtaining etcd 3.6.15".
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting: another process is {what}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove(folder: Path) -> None:
    """Removes a tree, write-protected folders included."""
    for path, _, _ in os.walk(folder):
        Path(path).chmod(0o700)
    shutil.rmtree(folder)
