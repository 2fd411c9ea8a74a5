"""The pod that takes a member off its node once its agent is gone: pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etcd_ops.pod import places
from pulumi_etcd.kubernetes.containers import CONTAINED
from pulumi_etcd.kubernetes.manifests import Manifest
from pulumi_etcd.static_pods.naming import DELIVERED_SUFFIX
from pulumi_etcd.static_pods.pods import HOSTNAME_LABEL, ON_HOST, host_path

VOLUMES, RUNS = "/volumes", "/runs"


def removal_pod(member: Mapping[str, Any]) -> Manifest:
    """It ends the static pods, and deletes volume and sockets.

    Args:
        member: properties of a `StaticPodMember`, in camelCase.
    """
    volume = f"{VOLUMES}/{member['slot']}"
    words = [f"{places.MANIFESTS}/{member['file']}", volume, f"{RUNS}/{member['slot']}"]
    if agent := member.get("agentFile"):
        words += [f"{places.MANIFESTS}/{agent}", f"{volume}{DELIVERED_SUFFIX}"]
    container = {
        "name": "remove",
        "image": member["image"],
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-m", "etcd_ops.static_pod.remove", *words],
        "env": [{"name": "PYTHONDONTWRITEBYTECODE", "value": "1"}],
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": dict(CONTAINED),
        "volumeMounts": [
            {"name": "manifests", "mountPath": str(places.MANIFESTS)},
            {"name": "volumes", "mountPath": VOLUMES},
            {"name": "runs", "mountPath": RUNS},
        ],
    }
    paths = {"manifests": member["manifests"], "volumes": member["volumes"], "runs": member["runs"]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"{member['name']}-removal", "namespace": member["namespace"]},
        "spec": {
            "restartPolicy": "Never",
            **ON_HOST,
            "nodeSelector": {HOSTNAME_LABEL: member["node"]},
            "containers": [container],
            "volumes": [host_path(name, path) for name, path in paths.items()],
        },
    }
