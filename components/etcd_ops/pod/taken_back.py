"""An image of the agent that published nothing makes way for the one before it, in the pod that is there. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from etcd_ops.pod import places
from etcd_ops.pod.exchange import Patch, image_of


class TakenBack(NamedTuple):
    """What an agent's pod says of the image that was declared for it."""

    digest: str = ""
    """Of the document by which it was declared; empty where none was taken back."""
    reason: str = ""

    @staticmethod
    def of(environment: Mapping[str, str]) -> TakenBack:
        """As an agent is told."""
        digest, _, reason = environment.get(places.TAKEN_BACK, "").partition(" ")
        return TakenBack(digest, reason)

    def __str__(self) -> str:
        return f"{self.digest} {' '.join(self.reason.split())}"


def take_back(pod: Mapping[str, Any], template: str, image: str, taken_back: TakenBack) -> Patch:
    """What makes a pod's agent the one before it.

    A pod that a DaemonSet made for the agent alone prepares the volume by that image, too. Its template's digest is
    the DaemonSet's for as long as the pod lives: that it is of another image is told by what was taken back.

    Args:
        pod: as the API server has it.
        template: digest of the agent before it, where that is in its member's pod.
        image: of the agent before it.
        taken_back: what the agent is told.
    """
    annotations = {places.TAKEN_BACK_ANNOTATION: str(taken_back)}
    if places.AGENT_TEMPLATE_ANNOTATION in pod["metadata"]["annotations"]:
        annotations[places.AGENT_TEMPLATE_ANNOTATION] = template
        return _patch(pod, annotations, containers=[{"name": places.AGENT_CONTAINER, "image": image}])
    replaced, spec = image_of(pod), pod["spec"]
    exchanged = {
        kind: [{"name": each["name"], "image": image} for each in spec.get(kind, ()) if each["image"] == replaced]
        for kind in ("initContainers", "containers")
    }
    return _patch(pod, annotations, **exchanged)


def _patch(pod: Mapping[str, Any], annotations: Mapping[str, str], **spec: Any) -> Patch:
    return {"metadata": {"uid": pod["metadata"]["uid"], "annotations": {**annotations}}, "spec": spec}
