"""Pods that do one thing on a member's node, and end: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_etcd.kubernetes.containers import CONTAINED, Resources
from pulumi_etcd.kubernetes.manifests import Manifest
from pulumi_etcd.static_pods.pods import HOSTNAME_LABEL, ON_HOST

NOTHING_ELSE: Mapping[str, Any] = {}
RESOURCES = Resources(cpu="10m", memory="64Mi", memory_limit="256Mi")
"""A namespace with a quota admits no pod that asks for nothing."""


def short_lived_pod(
    name: str, what: str, resource: Mapping[str, Any], words: Sequence[str], mounts: Sequence[Manifest],
    volumes: Sequence[Manifest], spec: Mapping[str, Any] = NOTHING_ELSE,
) -> Manifest:  # fmt: skip
    """A pod of the agent's image, whose last words are what its program printed.

    Args:
        name: its own.
        what: name of its container.
        resource: has `namespace`, `node` and `image`, in camelCase.
        words: a Python module, and its arguments.
        mounts: of its container.
        volumes: that are mounted.
        spec: what the pod's has besides.
    """
    container = {
        "name": what,
        "image": resource["image"],
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-m", *words],
        "env": [{"name": "PYTHONDONTWRITEBYTECODE", "value": "1"}],
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "resources": RESOURCES.manifest(),
        "securityContext": dict(CONTAINED),
        "volumeMounts": [*mounts],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": resource["namespace"]},
        "spec": {
            "restartPolicy": "Never",
            **ON_HOST,
            **spec,
            "nodeSelector": {HOSTNAME_LABEL: resource["node"]},
            "containers": [container],
            "volumes": [*volumes],
        },
    }
