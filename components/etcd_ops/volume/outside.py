"""Where a member's data are as long as whoever ran it before keeps them, and how they come onto the volume.

They are not copied: within one file system, etcd's folder `member` changes places with a note of that name, in one
step. So they are always in exactly one place, and no other etcd can begin anew where they were: it finds a file there.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from etcd_ops.model.facts import Outside
from etcd_ops.volume.durable import make_directory, remove_file, rename, swap, write_file
from etcd_ops.volume.layout import VolumeLayout

MEMBER = "member"
"""What etcd keeps below its data-dir (server/storage/datadir/datadir.go of etcd)."""
_LOOK_SECONDS = 0.1


class OutsideData(NamedTuple):
    """The data of a member that a kubelet runs from somebody else's manifest.

    Args:
        manifest: the file that it runs it from.
        data: its data-dir.
    """

    manifest: Path
    data: Path

    def place(self, layout: VolumeLayout) -> tuple[Path, Outside | None]:
        """The data-dir that has the data now, or will have, and whether that is not the volume's.

        Raises:
            OSError: it cannot be told.
        """
        if not layout.data.exists():
            if (layout.taking / MEMBER).is_dir():
                return layout.taking, Outside.RELEASED
            if (self.data / MEMBER).is_dir():
                return self.data, Outside.RELEASED if self._is_set_aside(layout) else Outside.KEPT
        return layout.data, None

    def _is_set_aside(self, layout: VolumeLayout) -> bool:
        """By this agent: of one that is just not there, nobody knows from where its kubelet runs the member."""
        return not self.manifest.exists() and (layout.set_aside / self.manifest.name).exists()

    def require_movable(self, layout: VolumeLayout) -> None:
        """See whether `take` can succeed; nothing is changed.

        Raises:
            OSError: it cannot.
        """
        if not self.manifest.exists() and not self._is_set_aside(layout):
            raise OSError(
                f"there is no {self.manifest.name} among the manifests: declare the one that the member runs from"
            )
        found = (self.data / MEMBER).stat()
        if found.st_dev != layout.root.stat().st_dev:
            raise OSError(f"{self.data} is on another file system than {layout.root}: data are not copied")
        if found.st_uid != os.geteuid():
            raise OSError(f"{self.data / MEMBER} is user {found.st_uid}'s, and the member would run as {os.geteuid()}")
        _require_swaps(layout)

    def take(self, layout: VolumeLayout, seconds: float) -> bool:
        """Have the data on the volume, once they are released and nobody holds them; whether they are. Idempotent.

        Args:
            layout: the volume's.
            seconds: to wait for whoever holds them.

        Raises:
            OSError
        """
        source, outside = self.place(layout)
        if outside is Outside.KEPT:
            return False
        if source == self.data and outside is Outside.RELEASED:
            with held(self.data, seconds) as nobody_else:
                if not nobody_else:
                    return False
                self._swap(layout)
        if (layout.taking / MEMBER).is_dir() and not layout.data.exists():
            rename(layout.taking, layout.data)
        return True

    def _swap(self, layout: VolumeLayout) -> None:
        make_directory(layout.taking)
        write_file(layout.taking / MEMBER, _note(self.manifest.name).encode())
        swap(layout.taking / MEMBER, self.data / MEMBER)


@contextmanager
def held(data: Path, seconds: float) -> Iterator[bool]:
    """Hold a data-dir as an etcd does; gives False where another one still does after so many seconds.

    By etcd's own locks, which need no rights over its process: on the database (`flock` in bolt_unix.go of bbolt), and
    on the files of the write-ahead log (`LockFile` in client/pkg/fileutil of etcd; a process's locks and those of an
    open file exclude each other, see fcntl(2)). An etcd that starts meanwhile waits, or ends.

    Raises:
        OSError: the database or the log is not there.
    """
    until = time.monotonic() + seconds
    with ExitStack() as opened:
        while not _hold(data, opened):
            opened.close()
            if time.monotonic() > until:
                yield False
                return
            time.sleep(_LOOK_SECONDS)
        yield True


def _hold(data: Path, opened: ExitStack) -> bool:
    logs = sorted((data / MEMBER / "wal").glob("*.wal"))
    if not logs:
        raise FileNotFoundError(f"{data / MEMBER / 'wal'} has no write-ahead log")
    try:
        database = opened.enter_context((data / MEMBER / "snap" / "db").open("rb+"))
        fcntl.flock(database, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for log in logs:
            fcntl.lockf(opened.enter_context(log.open("rb+")), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        # fcntl(2): a lock of somebody else's is told as either.
        return False
    return True


def _require_swaps(layout: VolumeLayout) -> None:
    """Not every file system exchanges two paths."""
    one, other = layout.root / ".swap-1", layout.root / ".swap-2"
    try:
        for each in (one, other):
            write_file(each, each.name.encode())
        swap(one, other)
    finally:
        for each in (one, other):
            remove_file(each)


def _note(manifest: str) -> str:
    return (
        "This file keeps any etcd from beginning anew here. The data of the member that ran from "
        f"{manifest} were taken over by etcd-ops, and are in the folder `data` of its volume.\n"
    )
