"""The container that an agent runs in, beside its member, as its API server knows it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping

from etcd_ops.channel.kubernetes_objects import api_client
from etcd_ops.channel.remote import Failed
from etcd_ops.pod.exchange import exchange, image_of
from etcd_ops.pod.own_pod import CONNECT_SECONDS, READ_SECONDS, Whereabouts, content
from etcd_ops.pod.places import AGENT_TEMPLATE

PATCH = {"Content-Type": "application/strategic-merge-patch+json"}
"""Headers of a patch that leaves other containers as they are."""


class OwnContainer:
    """Implements `etcd_ops.agent.ports.Pod`.

    Args:
        value: of an agent's configuration: namespace and name of its pod, and what makes it, as `statefulsets/<name>`.
        environment: of the process.
        end: has this process end, so that its kubelet starts it anew.
    """

    def __init__(
        self,
        value: Mapping[str, str],
        environment: Mapping[str, str] = os.environ,
        end: Callable[[], None] = lambda: os.kill(os.getpid(), signal.SIGTERM),
    ) -> None:
        self._template, self._end = environment.get(AGENT_TEMPLATE, ""), end
        self._at = Whereabouts.of(value, value["name"])

    def template(self) -> str:
        """Digest of the agent's image."""
        return self._template

    async def recreate(self, template: str) -> None:
        """Have the kubelet start the declared image in this container's place, and nothing else anew.

        Raises:
            OSError: the StatefulSet has another one, or the API server does not answer, or refuses.
        """
        # A container of the same image is not started anew, and goes on with what it was told at its start.
        if not await asyncio.to_thread(self._exchange, template):
            self._end()

    def _exchange(self, template: str) -> bool:
        """Whether the kubelet has another image to start."""
        import httpx2

        try:
            with api_client(self._at.place, CONNECT_SECONDS, READ_SECONDS) as client:
                controller, pod = content(client.get(self._at.controller)), content(client.get(self._at.pod))
                patch = exchange(controller, pod, template)
                if patch is not None:
                    content(client.patch(self._at.pod, json=patch, headers=PATCH))
                return patch is not None and image_of(controller["spec"]["template"]) != image_of(pod)
        except (Failed, ValueError, httpx2.HTTPError) as problem:
            raise OSError(f"the agent's image was not exchanged: {problem}") from problem
