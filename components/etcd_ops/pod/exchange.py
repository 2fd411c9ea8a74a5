"""Another image for the agent beside a member, in place: nothing else of its pod is started anew. Pure.

Of a pod that is there, Kubernetes changes the images of containers, and starts those anew whose image is another one
(Kubernetes, "Pod update and replacement").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etcd_ops.pod.places import AGENT_CONTAINER, AGENT_TEMPLATE_ANNOTATION, TAKEN_BACK_ANNOTATION

Patch = dict[str, Any]
"""A strategic merge patch."""


def exchange(controller: Mapping[str, Any], pod: Mapping[str, Any], template: str) -> Patch | None:
    """What makes a pod's agent the declared one; None where it is that already.

    The annotation changes with the image: the container that is started learns from it what it is.

    Args:
        controller: the StatefulSet that made the pod, as the API server has it.
        pod: the pod, as the API server has it.
        template: digest of the agent that is declared.

    Raises:
        ValueError: the StatefulSet does not know the declared one.
    """
    declared = controller["spec"]["template"]
    found = _annotation(declared)
    if found != template:
        known = f"{controller['kind']} {controller['metadata']['name']}"
        raise ValueError(f"{known} has agent {found or 'unknown'}, not {template} as declared: run `pulumi up`")
    image = image_of(declared)
    if (_annotation(pod), image_of(pod)) == (template, image):
        return None
    annotations = {AGENT_TEMPLATE_ANNOTATION: template, TAKEN_BACK_ANNOTATION: None}
    return {
        "metadata": {"uid": pod["metadata"]["uid"], "annotations": annotations},
        "spec": {"containers": [{"name": AGENT_CONTAINER, "image": image}]},
    }


def _annotation(of: Mapping[str, Any]) -> str:
    return str((of["metadata"].get("annotations") or {}).get(AGENT_TEMPLATE_ANNOTATION, ""))


def image_of(of: Mapping[str, Any]) -> str:
    """Of the agent in a pod, or in its template."""
    (image,) = (each["image"] for each in of["spec"]["containers"] if each["name"] == AGENT_CONTAINER)
    return str(image)
