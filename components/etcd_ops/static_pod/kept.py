"""A manifest in the folder in which a kubelet looks, kept as it was declared and placed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from etcd_ops.agent.deadline import require
from etcd_ops.agent.ports import PodOutcomeUnknown, TimeLeft
from etcd_ops.static_pod.manifest import amiss, is_placed, template_of
from etcd_ops.volume.durable import remove_file, rename_over, sync_directory, write_file


def begun(placed: Path) -> Path:
    """The volume's copy of what a step has begun to place, and not finished.

    Args:
        placed: that of what was placed last.
    """
    return placed.with_suffix(".begun")


def forget(placed: Path) -> None:
    """Let nothing be put back but what is declared. Idempotent.

    What was begun goes first: an agent that runs for a moment would remember that as placed last.

    Args:
        placed: the volume's copy of what was placed last.

    Raises:
        OSError
    """
    for each in (begun(placed), placed):
        remove_file(each)


class KeptManifest:
    """One manifest of a member.

    A step writes what it places to the volume as begun, then where the kubelet looks, and only then the first becomes
    what was placed last. Wherever that is cut short, by a fault or a loss of power, the kubelet has either the one
    before, which belongs there, or the one that was begun, which is left alone: what is put back was placed by a step
    to the end, and none is ever finished without lock and gate.

    Args:
        file: from which the kubelet runs the pod.
        placed: the volume's copy of what was placed last.
        declared: what the stack delivered.
    """

    def __init__(self, file: Path, placed: Path, declared: Path) -> None:
        self._file, self._placed, self._declared, self._begun = file, placed, declared, begun(placed)

    def template(self) -> str:
        """Digest of what the kubelet is told to run; empty for none, and for one that is damaged.

        Raises:
            OSError
        """
        return template_of(_read(self._file))

    def attend(self) -> bool:
        """Put back what was deleted or replaced, and what was never there; whether anything was amiss.

        Raises:
            OSError
        """
        if is_placed(_read(self._file), _read(self._begun), _read(self._placed)):
            self._finish()
        manifest = amiss(_read(self._file), _read(self._placed), _read(self._declared))
        if manifest is None:
            return False
        self._write(manifest)
        return True

    def place(self, template: str, left: TimeLeft) -> None:
        """Place the declared manifest. Idempotent.

        Args:
            template: digest of the one that is meant.
            left: until when the kubelet may be told to run it.

        Raises:
            OSError: it was not delivered yet, or could not be written: the kubelet has the one before.
            PodOutcomeUnknown
        """
        declared = _read(self._declared)
        if declared is None or (found := template_of(declared)) != template:
            told = "none" if declared is None else found or "one that is damaged"
            raise OSError(f"the manifest that was delivered is {told}, and {template} is declared: it is on its way")
        if _read(self._file) == declared == _read(self._placed):
            return
        try:
            self._write(declared, partial(require, left))
        except OSError as problem:
            # What the kubelet has takes effect, also where that could not be noted: `attend` goes on trying.
            if not self._has(declared, problem):
                raise

    def _has(self, manifest: bytes, problem: OSError) -> bool:
        try:
            return _read(self._file) == manifest
        except OSError as unreadable:
            raise PodOutcomeUnknown(f"{problem}; {unreadable}") from problem

    def _write(self, manifest: bytes, confirm: Callable[[], object] | None = None) -> None:
        """One that is known as placed already needs no room: a full volume must not keep it from being put back.

        Args:
            manifest: what is to be where the kubelet looks.
            confirm: called right before it is there; it is not, where that raises OSError.
        """
        known = _read(self._placed) == manifest
        if not known and _read(self._begun) != manifest:
            write_file(self._begun, manifest)
        if _read(self._file) != manifest:
            write_file(self._file, manifest, confirm=confirm)
        if not known:
            self._finish()

    def _finish(self) -> None:
        """What was begun is there to stay, and so is what was placed last."""
        sync_directory(self._file.parent)
        rename_over(self._begun, self._placed)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
