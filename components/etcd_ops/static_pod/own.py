"""The static pod of a member, as its agent keeps it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

from etcd_ops.pod import places
from etcd_ops.static_pod.manifest import amiss, template_of
from etcd_ops.volume.durable import write_file
from etcd_ops.volume.layout import VolumeLayout

SEEN_SECONDS = 3.0
"""That a step waits for the kubelet; the next look of the agent goes on waiting."""
_LOOK_SECONDS = 0.2


class StaticPod:
    """Implements `etcd_ops.agent.ports.Pod`.

    Args:
        value: `staticPod` of an agent's configuration: the folder in which the kubelet looks, and the file's name.
        volume: the member's.
        delivered: the folder with the declared manifest.
        run: shared by the agent and its member.
    """

    def __init__(
        self, value: Mapping[str, str], volume: Path, delivered: Path = places.CONFIG.parent, run: Path = places.RUN
    ) -> None:
        self._file = Path(value["manifests"], value["file"])
        self._declared = delivered / places.STATIC_POD
        self._placed = VolumeLayout(volume).static_pod
        self._note = run / places.TEMPLATE_NOTE

    def template(self) -> str:
        """Digest of the manifest from which the kubelet last ran it; empty where it never did."""
        return (_read(self._note) or b"").decode()

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

    async def recreate(self, template: str) -> None:
        """Place the declared manifest, and give the kubelet a moment to run it. Idempotent.

        Raises:
            OSError: it was not delivered yet, or could not be written.
        """
        declared = _read(self._declared)
        if declared is None or (found := template_of(declared)) != template:
            told = "none" if declared is None else found or "one that is damaged"
            raise OSError(f"the manifest that was delivered is {told}, and {template} is declared: it is on its way")
        if _read(self._file) != declared or _read(self._placed) != declared:
            self._place(declared)
        await asyncio.to_thread(self._wait_for, template)

    def _wait_for(self, template: str) -> None:
        until = time.monotonic() + SEEN_SECONDS
        while self.template() != template and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS)

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
