"""A manifest in the folder in which a kubelet looks, kept as it was declared and placed."""

from __future__ import annotations

from pathlib import Path

from etcd_ops.static_pod.manifest import amiss, template_of
from etcd_ops.volume.durable import write_file


class KeptManifest:
    """One manifest of a member.

    Args:
        file: from which the kubelet runs the pod.
        placed: the volume's copy of what was placed last.
        declared: what the stack delivered.
    """

    def __init__(self, file: Path, placed: Path, declared: Path) -> None:
        self._file, self._placed, self._declared = file, placed, declared

    def attend(self) -> bool:
        """Put back what was deleted or replaced, and what was never there; whether anything was amiss.

        Raises:
            OSError
        """
        manifest = amiss(_read(self._file), _read(self._placed), _read(self._declared))
        if manifest is None:
            return False
        self._place(manifest)
        return True

    def place(self, template: str) -> None:
        """Place the declared manifest. Idempotent.

        Args:
            template: digest of the one that is meant.

        Raises:
            OSError: it was not delivered yet, or could not be written.
        """
        declared = _read(self._declared)
        if declared is None or (found := template_of(declared)) != template:
            told = "none" if declared is None else found or "one that is damaged"
            raise OSError(f"the manifest that was delivered is {told}, and {template} is declared: it is on its way")
        if _read(self._file) != declared or _read(self._placed) != declared:
            self._place(declared)

    def _place(self, manifest: bytes) -> None:
        """The volume first: what the kubelet is told to run is always known there.

        One that is known already needs no room: a full volume must not keep a manifest from being put back.
        """
        if _read(self._placed) != manifest:
            write_file(self._placed, manifest)
        write_file(self._file, manifest)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
