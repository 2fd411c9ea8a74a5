"""Credentials from the folders that a kubelet mounts to the member's volume.

A kubelet exchanges the content of such a folder at once, by a link called `..data` (kubelet's atomic writer,
pkg/volume/util/atomic_writer.go): certificate and key are always read from one and the same state of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from etcd_ops.volume.credentials import take_in

DATA = "..data"
_CERTIFICATE, _KEY = ".crt", ".key"


class Mounts(NamedTuple):
    """The folders of one pod."""

    authorities: Path
    """A file per authority, `<trust>-<generation>.crt`."""
    credentials: Path
    """Two files per leaf, `<use>.crt` and `<use>.key`."""

    @staticmethod
    def of(delivery: Mapping[str, str]) -> Mounts:
        """Those that an agent's configuration names."""
        return Mounts(Path(delivery["authorities"]), Path(delivery["credentials"]))

    def state(self) -> tuple[Path, Path]:
        """Tells one content of the folders from another."""
        return _current(self.authorities), _current(self.credentials)


def deliver(volume: Path, mounts: Mounts) -> None:
    """Put everything that is mounted on the volume. Idempotent.

    Args:
        volume: its directory.
        mounts: the folders.

    Raises:
        VolumeError: a file is no credential.
        OSError: something could not be read or written; it may have been exchanged meanwhile.
    """
    authorities = sorted(_current(mounts.authorities).glob(f"*{_CERTIFICATE}"))
    leaves = sorted(_current(mounts.credentials).glob(f"*{_CERTIFICATE}"))
    issued = {path.stem: (path.read_text(), path.with_suffix(_KEY).read_text()) for path in leaves}
    take_in(volume, [path.read_text() for path in authorities], issued)


class Mailbox:
    """Delivers whenever what is mounted has changed."""

    def __init__(self, volume: Path, mounts: Mounts) -> None:
        self._volume, self._mounts = volume, mounts
        self._delivered: tuple[Path, Path] | None = None

    def empty(self) -> None:
        """Deliver what is new.

        Raises:
            VolumeError, OSError: as `deliver`; the next call tries again.
        """
        state = self._mounts.state()
        if state == self._delivered:
            return
        deliver(self._volume, self._mounts)
        self._delivered = state


def _current(folder: Path) -> Path:
    """The folder's content as it is now, under a name that no later content has."""
    return (folder / DATA).resolve() if (folder / DATA).exists() else folder
