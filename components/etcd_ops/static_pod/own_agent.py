"""The static pod that an agent runs in, as it keeps that itself: nobody else on its node would."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from etcd_ops.agent.ports import TimeLeft
from etcd_ops.pod import places
from etcd_ops.static_pod import own
from etcd_ops.static_pod.kept import KeptManifest
from etcd_ops.volume.layout import VolumeLayout


class StaticAgent:
    """Implements `etcd_ops.agent.ports.Pod`.

    Args:
        value: `agentStaticPod` of an agent's configuration: the folder in which the kubelet looks, and the file's name.
        volume: the member's.
        delivered: the folder with the declared manifest.
        environment: of the process.
    """

    def __init__(
        self,
        value: Mapping[str, str],
        volume: Path,
        delivered: Path = places.CONFIG.parent,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        file, placed = Path(value["manifests"], value["file"]), VolumeLayout(volume).agent_pod
        self.manifest = KeptManifest(file, placed, delivered / places.AGENT_POD)
        self._template = environment.get(places.TEMPLATE, "")

    def template(self) -> str:
        """Digest of the manifest that the kubelet runs it from."""
        return self._template

    async def recreate(self, template: str, left: TimeLeft) -> None:
        """Place the declared manifest, and give the kubelet a moment to end this agent and run the next. Idempotent.

        Raises:
            OSError: it was not delivered yet, or could not be written.
            PodOutcomeUnknown
        """
        self.manifest.place(template, left)
        await asyncio.sleep(max(0.0, min(own.SEEN_SECONDS, left())))

    async def leaving(self) -> bool:
        """Whether the kubelet is told to run another one, and has yet to look."""
        try:
            return self.manifest.template() not in ("", self._template)
        except OSError:
            return True
