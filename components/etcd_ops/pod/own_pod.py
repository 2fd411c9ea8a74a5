"""The pod that an agent runs in, as its API server knows it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from etcd_ops.channel.kubernetes_objects import NamespacePlace, api_client
from etcd_ops.channel.remote import Failed
from etcd_ops.pod.places import POD, TEMPLATE, TEMPLATE_ANNOTATION

CONNECT_SECONDS, READ_SECONDS = 2.0, 4.0


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where an API server has a pod, and what makes it."""

    place: NamespacePlace
    pod: str
    """Path of the pod."""
    controller: str
    """Path of its StatefulSet or DaemonSet."""

    @staticmethod
    def of(value: Mapping[str, str], pod: str) -> Whereabouts:
        """As an agent's configuration tells it.

        Args:
            value: the namespace, and what makes the pod, as `statefulsets/<name>`.
            pod: the pod's name.
        """
        namespace = value["namespace"]
        return Whereabouts(
            NamespacePlace(namespace),
            f"/api/v1/namespaces/{namespace}/pods/{pod}",
            f"/apis/apps/v1/namespaces/{namespace}/{value['controller']}",
        )


class OwnPod:
    """Implements `etcd_ops.agent.ports.Pod`.

    Args:
        value: of an agent's configuration: its namespace, what makes it, as `statefulsets/<name>`, and its name, where
            that does not change.
        environment: of the process.
    """

    def __init__(self, value: Mapping[str, str], environment: Mapping[str, str] = os.environ) -> None:
        self._template = environment.get(TEMPLATE, "")
        self._at = Whereabouts.of(value, value.get("name") or environment[POD])

    def template(self) -> str:
        """Digest of the template that it was made from."""
        return self._template

    async def recreate(self, template: str) -> None:
        """Delete the pod, once what made it would make the declared one in its place.

        Raises:
            OSError: it would not, or the API server does not answer, or refuses.
        """
        await asyncio.to_thread(self._recreate, template)

    def _recreate(self, template: str) -> None:
        import httpx2

        try:
            with api_client(self._at.place, CONNECT_SECONDS, READ_SECONDS) as client:
                found = content(client.get(self._at.controller))
                if reason := unready(found, template):
                    raise OSError(f"{found['kind']} {found['metadata']['name']} {reason}")
                uid = content(client.get(self._at.pod))["metadata"]["uid"]
                # Of this name there may be another pod by now, which is not this agent's to delete.
                only = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}}
                content(client.request("DELETE", self._at.pod, json=only))
        except (Failed, httpx2.HTTPError) as problem:
            raise OSError(f"the pod was not made anew: {problem}") from problem


def unready(controller: Mapping[str, Any], template: str) -> str:
    """Why a StatefulSet or DaemonSet would not make the declared pod; empty where it would.

    Args:
        controller: as the API server has it.
        template: digest of the declared pod.
    """
    annotations = controller["spec"]["template"]["metadata"].get("annotations") or {}
    found = annotations.get(TEMPLATE_ANNOTATION, "")
    if found != template:
        return f"makes pods of template {found or 'unknown'}, not of {template} as declared: run `pulumi up`"
    observed = controller.get("status", {}).get("observedGeneration", 0)
    if observed < controller["metadata"]["generation"]:
        return "has changed, and its controller has not seen that yet"
    return ""


def content(answer: Any) -> dict[str, Any]:
    """The object in an answer.

    Raises:
        httpx2.HTTPError: it is an error.
    """
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found
