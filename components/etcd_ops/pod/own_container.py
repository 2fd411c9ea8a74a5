"""The container that an agent runs in, beside its member, as its API server knows it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from etcd_ops.agent.deadline import seen_within, within
from etcd_ops.agent.ports import PodOutcomeUnknown, TimeLeft
from etcd_ops.channel.kubernetes_objects import api_client
from etcd_ops.channel.remote import Failed
from etcd_ops.pod.exchange import Patch, exchange, image_of
from etcd_ops.pod.own_pod import (
    CONNECT_SECONDS,
    LOOK_SECONDS,
    READ_SECONDS,
    Whereabouts,
    bounded,
    certainly_not_done,
    content,
)
from etcd_ops.pod.places import AGENT_TEMPLATE, AGENT_TEMPLATE_ANNOTATION

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
        self._asked = ""
        """Digest of the image that was asked for, and was not seen to be refused."""

    def template(self) -> str:
        """Digest of the agent's image."""
        return self._template

    async def recreate(self, template: str, left: TimeLeft) -> None:
        """Have the kubelet start the declared image in this container's place, and nothing else anew.

        Raises:
            OSError: the StatefulSet has another one, or the API server does not answer, or refuses.
            PodOutcomeUnknown
        """
        # A container of the same image is not started anew, and goes on with what it was told at its start.
        if not await within(left, partial(self._exchange, template, left)):
            self._end()

    async def leaving(self) -> bool:
        """Whether the container is about to end."""
        return bool(self._asked) and await seen_within(LOOK_SECONDS, self._is_leaving)

    def _exchange(self, template: str, left: TimeLeft) -> bool:
        """Whether the kubelet has another image to start."""
        import httpx2

        try:
            with api_client(self._at.place, CONNECT_SECONDS, READ_SECONDS) as client:
                controller = content(client.get(self._at.controller, timeout=bounded(left)))
                pod = content(client.get(self._at.pod, timeout=bounded(left)))
                patch = exchange(controller, pod, template)
                if patch is not None:
                    self._patch(client, template, patch, left)
                return patch is not None and image_of(controller["spec"]["template"]) != image_of(pod)
        except (Failed, ValueError, httpx2.HTTPError) as problem:
            text = f"the agent's image was not exchanged: {problem}"
            raise (PodOutcomeUnknown(text) if self._asked else OSError(text)) from problem

    def _patch(self, client: Any, template: str, patch: Patch, left: TimeLeft) -> None:
        timeout = bounded(left)
        self._asked = template
        try:
            client.patch(self._at.pod, json=patch, headers=PATCH, timeout=timeout).raise_for_status()
        except Exception as problem:
            if certainly_not_done(problem):
                self._asked = ""
            raise

    def _is_leaving(self) -> bool:
        import httpx2

        try:
            with api_client(self._at.place, LOOK_SECONDS, LOOK_SECONDS) as client:
                annotations = content(client.get(self._at.pod))["metadata"].get("annotations") or {}
        except (Failed, ValueError, httpx2.HTTPError) as problem:
            raise OSError(str(problem)) from problem
        if annotations.get(AGENT_TEMPLATE_ANNOTATION) != self._asked:
            self._asked = ""
        return bool(self._asked)
