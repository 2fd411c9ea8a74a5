"""A member that a kubelet runs from somebody else's manifest, as kubeadm writes one, and how it is taken over."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from etcd_ops.runtime.port import RuntimeUnavailable
from etcd_ops.volume.durable import make_directory, remove_file, write_file
from etcd_ops.volume.layout import VolumeLayout
from etcd_ops.volume.outside import OutsideData

END_SECONDS = 10.0
"""At most, for one step to wait: less than the lock's term. Kubelets look every 20 s at the latest
(`fileCheckFrequency`), so that the next step may have to go on waiting."""


class AdoptedStaticPod:
    """Implements `etcd_ops.agent.ports.Foreign`.

    Args:
        value: `adopted` of an agent's configuration: `manifest`, the file that the kubelet runs the member from;
            `data`, its data-dir; and `volume`, the path below that folder of the volume that it is taken onto. Both
            are within one mount, or nothing could change places between them.
    """

    def __init__(self, value: Mapping[str, str]) -> None:
        self.outside = OutsideData(Path(value["manifest"]), Path(value["data"]))
        self._layout = VolumeLayout(self.outside.data / value["volume"])

    async def end(self, grace: float) -> None:
        """Set its manifest aside, wait until it has ended, and take its data. Idempotent.

        Args:
            grace: seconds that it may take to end.

        Raises:
            RuntimeUnavailable: it has not ended yet.
            OSError: its data cannot be taken; where they never could, its manifest is where it was.
        """
        await asyncio.to_thread(self._end, min(grace, END_SECONDS))

    def _end(self, seconds: float) -> None:
        place, outside = self.outside.place(self._layout)
        if outside is None:
            return
        if place == self.outside.data:
            self.outside.require_movable(self._layout)
            self._set_manifest_aside()
        if not self.outside.take(self._layout, seconds):
            name = self.outside.manifest.name
            raise RuntimeUnavailable(f"{name} was set aside, and its kubelet has yet to end what it ran from it")

    def _set_manifest_aside(self) -> None:
        """Its copy first. No other file in the kubelet's folder is safe from being run."""
        manifest = self.outside.manifest
        if not manifest.exists():
            return
        content = manifest.read_bytes()
        make_directory(self._layout.set_aside)
        write_file(_unused(self._layout.set_aside / manifest.name, content), content)
        remove_file(manifest)


def _unused(path: Path, content: bytes) -> Path:
    """A name that nothing else has."""
    candidate, number = path, 1
    while candidate.exists() and candidate.read_bytes() != content:
        number += 1
        candidate = path.with_name(f"{path.name}-{number}")
    return candidate
