"""Which pods do not come up, and why, as the API server has them: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from etcd_ops.model.spec import MemberSpec
from etcd_ops.pod.places import AGENT_TEMPLATE_ANNOTATION, TEMPLATE_ANNOTATION
from pulumi_etcd.kubernetes.naming import SLOT_LABEL

_FAILING = frozenset(
    {
        "CrashLoopBackOff", "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName",
        "CreateContainerConfigError", "CreateContainerError", "RunContainerError",
    }
)  # fmt: skip
"""Why a container does not run and will not by itself (kubelet: pkg/kubelet/images/types.go,
pkg/kubelet/kuberuntime/kuberuntime_container.go, pkg/kubelet/container/sync_result.go)."""
_MIRROR_ANNOTATION = "kubernetes.io/config.mirror"
"""Has every pod that a kubelet runs from a file (Kubernetes, "Well-Known Labels, Annotations and Taints")."""


class StuckPod(NamedTuple):
    """A pod of a member that does not come up."""

    name: str
    uid: str
    version: str
    """Of the object that says so."""
    reason: str
    controller: str
    """Name of what made it; empty where nothing did."""
    superseded: bool
    """Another one is declared, which would be made in its place; etcd does not run in this one."""
    agent: str = ""
    """Digest of the agent that is declared for it, where etcd runs in it and its agent is another one; else empty."""


def stuck_pods(pods: Iterable[Mapping[str, Any]], members: Mapping[str, MemberSpec]) -> list[StuckPod]:
    """Those that do not come up.

    Args:
        pods: of one cluster.
        members: the declared ones, by slot.
    """
    return [_stuck(pod, reason, members) for pod in pods if (reason := failure(pod) or _unscheduled(pod))]


def failure(pod: Mapping[str, Any]) -> str:
    """Why a container of a pod does not run, and will not by itself; empty where that is known of none."""
    status = pod["status"]
    for each in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
        waiting = each.get("state", {}).get("waiting", {})
        if waiting.get("reason") in _FAILING:
            told = ": ".join(filter(None, (waiting["reason"], waiting.get("message", ""))))
            return f"its container {each['name']} does not run: {told}"
    return ""


def _unscheduled(pod: Mapping[str, Any]) -> str:
    for each in pod["status"].get("conditions", ()):
        if (each["type"], each["status"]) == ("PodScheduled", "False"):
            return f"no node takes it: {each.get('message') or each.get('reason', '')}"
    return ""


def _stuck(pod: Mapping[str, Any], reason: str, members: Mapping[str, MemberSpec]) -> StuckPod:
    metadata = pod["metadata"]
    owner = next((each["name"] for each in metadata.get("ownerReferences", ())), "")
    known = (metadata["name"], metadata["uid"], metadata["resourceVersion"], reason, owner)
    annotations = metadata.get("annotations", {})
    member, template = members.get(metadata["labels"].get(SLOT_LABEL, "")), annotations.get(TEMPLATE_ANNOTATION)
    if member is None or template is None or is_mirror(pod) or "deletionTimestamp" in metadata:
        return StuckPod(*known, superseded=False)
    agent = annotations.get(AGENT_TEMPLATE_ANNOTATION)
    other_agent = agent is not None and agent != member.agent_template
    if runs_etcd(pod):
        return StuckPod(*known, superseded=False, agent=member.agent_template if other_agent else "")
    return StuckPod(*known, superseded=other_agent or template not in (member.template, member.agent_template))


def is_mirror(pod: Mapping[str, Any]) -> bool:
    """Whether a kubelet runs it from a file: what is changed of it at the API server changes nothing."""
    return _MIRROR_ANNOTATION in pod["metadata"].get("annotations", {})


def runs_etcd(pod: Mapping[str, Any]) -> bool:
    """Whether etcd's container runs in it."""
    return runs(pod, "etcd")


def runs(pod: Mapping[str, Any], container: str) -> bool:
    """Whether a container of it runs."""
    found = pod["status"].get("containerStatuses", ())
    return any(each["name"] == container and "running" in each.get("state", {}) for each in found)
