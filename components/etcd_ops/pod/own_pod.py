"""The pod that an agent runs in, as its API server knows it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from etcd_ops.agent.deadline import require, seen_within, within
from etcd_ops.agent.ports import PodOutcomeUnknown, TimeLeft
from etcd_ops.channel.kubernetes_objects import NamespacePlace, api_client
from etcd_ops.channel.remote import Failed
from etcd_ops.pod.places import POD, TEMPLATE, TEMPLATE_ANNOTATION

CONNECT_SECONDS, READ_SECONDS = 2.0, 4.0
LOOK_SECONDS = 1.5
"""For a look at what became of a request: every turn of the agent waits for it."""


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
        self._asked = ""
        """UID of the pod that was asked to go, and was not seen to stay."""

    def template(self) -> str:
        """Digest of the template that it was made from."""
        return self._template

    async def recreate(self, template: str, left: TimeLeft) -> None:
        """Delete the pod, once what made it would make the declared one in its place.

        Raises:
            OSError: it would not, or the API server does not answer, or refuses: the pod stays.
            PodOutcomeUnknown
        """
        await within(left, partial(self._recreate, template, left))

    async def leaving(self) -> bool:
        """Whether the pod is about to end: its containers run on until the kubelet knows."""
        return bool(self._asked) and await seen_within(LOOK_SECONDS, self._is_leaving)

    def _recreate(self, template: str, left: TimeLeft) -> None:
        import httpx2

        try:
            with api_client(self._at.place, CONNECT_SECONDS, READ_SECONDS) as client:
                pod = content(client.get(self._at.pod, timeout=bounded(left)))
                if self._goes(pod):
                    return
                found = content(client.get(self._at.controller, timeout=bounded(left)))
                if reason := unready(found, template):
                    raise OSError(f"{found['kind']} {found['metadata']['name']} {reason}")
                self._delete(client, pod["metadata"]["uid"], left)
        except (Failed, ValueError, httpx2.HTTPError) as problem:
            raise self._failure(problem) from problem

    def _delete(self, client: Any, uid: str, left: TimeLeft) -> None:
        """Of this name there may be another pod by now, which is not this agent's to delete."""
        only = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}}
        timeout = bounded(left)
        self._asked = uid
        try:
            client.request("DELETE", self._at.pod, json=only, timeout=timeout).raise_for_status()
        except Exception as problem:
            if certainly_not_done(problem):
                self._asked = ""
            raise

    def _goes(self, pod: Mapping[str, Any]) -> bool:
        """Whether the pod that was asked to go does, or is gone and another one has its name."""
        metadata = pod["metadata"]
        goes = "deletionTimestamp" in metadata or self._asked not in ("", metadata["uid"])
        self._asked = (self._asked or metadata["uid"]) if goes else ""
        return goes

    def _is_leaving(self) -> bool:
        import httpx2

        try:
            with api_client(self._at.place, LOOK_SECONDS, LOOK_SECONDS) as client:
                answer = client.get(self._at.pod)
                return answer.status_code == httpx2.codes.NOT_FOUND or self._goes(content(answer))
        except (Failed, ValueError, httpx2.HTTPError) as problem:
            raise OSError(str(problem)) from problem

    def _failure(self, problem: Exception) -> Exception:
        text = f"the pod was not made anew: {problem}"
        return PodOutcomeUnknown(text) if self._asked else OSError(text)


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


def bounded(left: TimeLeft) -> Any:
    """The timeouts of one call, which ends before there is no time left.

    Raises:
        OSError: there is none, and nothing may be sent.
    """
    from httpx2 import Timeout

    seconds = require(left)
    return Timeout(min(READ_SECONDS, seconds), connect=min(CONNECT_SECONDS, seconds))


def certainly_not_done(problem: Exception) -> bool:
    """Whether a request that failed was never sent, or was refused; what else became of it nobody knows."""
    import httpx2

    if isinstance(problem, httpx2.HTTPStatusError):
        return problem.response.status_code < httpx2.codes.INTERNAL_SERVER_ERROR
    return isinstance(
        problem, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout | httpx2.UnsupportedProtocol
    )
