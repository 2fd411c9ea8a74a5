"""The pod that takes a member off its node once its agent is gone: pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etcd_ops.pod import places
from pulumi_etcd.kubernetes.manifests import Manifest
from pulumi_etcd.static_pods.naming import DELIVERED_SUFFIX
from pulumi_etcd.static_pods.pods import host_path
from pulumi_etcd.static_pods.short_lived import short_lived_pod

VOLUMES, RUNS = "/volumes", "/runs"


def removal_pod(member: Mapping[str, Any]) -> Manifest:
    """It ends the static pods, and deletes volume and sockets.

    Args:
        member: properties of a `StaticPodMember`, in camelCase.
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
    name, program = f"{member['name']}-removal", "etcd_ops.static_pod.remove"
    return short_lived_pod(
        name, "remove", member, [program, *words], mounts, volumes, {"hostNetwork": True} if url_port else {}
    )
