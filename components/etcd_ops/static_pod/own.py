"""The static pod of a member, as its agent keeps it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from etcd_ops.agent.ports import TimeLeft
from etcd_ops.pod import places
from etcd_ops.static_pod.kept import KeptManifest
from etcd_ops.static_pod.serving import ServedManifest
from etcd_ops.volume.layout import VolumeLayout

SEEN_SECONDS = 3.0
"""That a step waits for the kubelet; the next look of the agent goes on waiting."""
_LOOK_SECONDS = 0.2


class StaticPod:
    """Implements `etcd_ops.agent.ports.Pod`.

    Args:
        value: `staticPod` of an agent's configuration: the folder in which the kubelet looks, and the file's name; or
            the port on loopback at which it asks.
        volume: the member's.
        delivered: the folder with the declared manifest.
        run: shared by the agent and its member.
    """

    def __init__(
        self, value: Mapping[str, Any], volume: Path, delivered: Path = places.CONFIG.parent, run: Path = places.RUN
    ) -> None:
        placed, declared = VolumeLayout(volume).static_pod, delivered / places.STATIC_POD
        self.manifest = (
            ServedManifest(value["port"], run / places.SERVED_MANIFEST, placed, declared)
            if "port" in value
            else KeptManifest(Path(value["manifests"], value["file"]), placed, declared)
        )
        self._note = run / places.TEMPLATE_NOTE

    def template(self) -> str:
        """Digest of the manifest from which the kubelet last ran it; empty where it never did."""
        try:
            return self._note.read_text()
        except FileNotFoundError:
            return ""

    async def recreate(self, template: str, left: TimeLeft) -> None:
        """Place the declared manifest, and give the kubelet a moment to run it. Idempotent.

        Raises:
            OSError: it was not delivered yet, or could not be written.
            PodOutcomeUnknown
        """
        self.manifest.place(template, left)
        await asyncio.to_thread(self._wait_for, template, min(SEEN_SECONDS, left()))

    async def leaving(self) -> bool:
        """Whether the kubelet is told to run another one, and has yet to look."""
        try:
            runs = self.template()
            return bool(runs) and self.manifest.template() not in ("", runs)
        except OSError:
            return True

    def _wait_for(self, template: str, seconds: float) -> None:
        until = time.monotonic() + seconds
        while self.template() != template and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS)
