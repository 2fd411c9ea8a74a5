"""The pod that takes a member off its node once its agent is gone, and what is made of one that is found: pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from etcd_ops.pod import places
from pulumi_etcd.kubernetes.manifests import Manifest
from pulumi_etcd.static_pods.naming import DELIVERED_SUFFIX
from pulumi_etcd.static_pods.pods import host_path
from pulumi_etcd.static_pods.short_lived import short_lived_pod

VOLUMES, RUNS = "/volumes", "/runs"
REMOVAL_ANNOTATION = "pulumi-etcd.dev/removal"
"""On the pod: which removal it belongs to."""


class Found(Enum):
    """What there is of the pod, for one removal."""

    NOTHING = "nothing, and this removal has made none yet"
    ANOTHERS = "a pod of an earlier removal, whose result is not this one's"
    UNDER_WAY = "its own, which has not ended"
    SUCCEEDED = "its own, which took the member off its node"
    FAILED = "its own, which could not"
    TAKEN = "no longer its own: somebody else deleted that"


OWN = frozenset({Found.UNDER_WAY, Found.SUCCEEDED, Found.FAILED})


def found(pod: Mapping[str, Any] | None, removal: str, *, made: bool) -> Found:
    """What a pod of that name, or none, means to one removal.

    Args:
        pod: as the API server has it; None where there is none.
        removal: tells this removal from every other.
        made: whether the pod of this removal has been seen.
    """
    if pod is None:
        return Found.TAKEN if made else Found.NOTHING
    if pod["metadata"].get("annotations", {}).get(REMOVAL_ANNOTATION) != removal:
        return Found.TAKEN if made else Found.ANOTHERS
    ends = {"Succeeded": Found.SUCCEEDED, "Failed": Found.FAILED}
    return ends.get(pod.get("status", {}).get("phase", ""), Found.UNDER_WAY)


def removal_name(member: str) -> str:
    """Name of the pod.

    Args:
        member: name of the member's static pod.
    """
    return f"{member}-removal"


def removal_pod(member: Mapping[str, Any], removal: str) -> Manifest:
    """It ends the static pods, and deletes volume and sockets.

    Args:
        member: properties of a `StaticPodMember`, in camelCase.
        removal: tells this removal from every other.
    """
    volume = f"{VOLUMES}/{member['slot']}"
    url_port = int(member.get("urlPort", 0))
    words = [f"{places.MANIFESTS}/{member['file']}", volume, f"{RUNS}/{member['slot']}"]
    if url_port:
        words += ["--url-port", str(url_port)]
    if agent := member.get("agentFile"):
        words += ["--agent", f"{places.MANIFESTS}/{agent}", f"{volume}{DELIVERED_SUFFIX}"]
    mounts = [
        {"name": "manifests", "mountPath": str(places.MANIFESTS)},
        {"name": "volumes", "mountPath": VOLUMES},
        {"name": "runs", "mountPath": RUNS},
    ]
    volumes = [host_path(each, member[each]) for each in ("manifests", "volumes", "runs")]
    name, program = removal_name(member["name"]), "etcd_ops.static_pod.remove"
    pod = short_lived_pod(
        name, "remove", member, [program, *words], mounts, volumes, {"hostNetwork": True} if url_port else {}
    )
    return pod | {"metadata": {**pod["metadata"], "annotations": {REMOVAL_ANNOTATION: removal}}}
