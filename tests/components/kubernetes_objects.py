"""The planned objects of a cluster, as a real API server takes them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from etcd_ops.pod import places
from pulumi_etcd.kubernetes.manifests import Manifest

KINDS = {
    "StatefulSet": "statefulsets", "DaemonSet": "daemonsets", "Pod": "pods", "ServiceAccount": "serviceaccounts",
    "Role": "roles", "RoleBinding": "rolebindings", "ConfigMap": "configmaps", "Secret": "secrets",
    "Service": "services", "NetworkPolicy": "networkpolicies", "PodDisruptionBudget": "poddisruptionbudgets",
}  # fmt: skip


def path(manifest: Manifest) -> str:
    root = "apis" if "/" in manifest["apiVersion"] else "api"
    return f"/{root}/{manifest['apiVersion']}/namespaces/{manifest['metadata']['namespace']}/{KINDS[manifest['kind']]}"


def encoded(manifest: Manifest) -> Manifest:
    """A planned Secret with data that is Base64."""
    if manifest["kind"] != "Secret":
        return manifest
    return {**manifest, "data": dict.fromkeys(manifest["data"], "aGVsbG8=")}


def kept(wanted: Any, found: Any, where: str = "") -> list[str]:
    """What the server changed of what was wanted; it adds defaults."""
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        return [each for name in wanted for each in kept(wanted[name], found.get(name), f"{where}.{name}")]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        pairs = zip(wanted, found, strict=True)
        return [each for index, pair in enumerate(pairs) for each in kept(*pair, f"{where}[{index}]")]
    return [] if wanted == found else [f"{where}: {found} for {wanted}"]


def pod_of(controller: Manifest, name: str) -> Manifest:
    """The pod that a StatefulSet or DaemonSet makes, with its claims as volumes."""
    template = controller["spec"]["template"]
    claims = [each["metadata"]["name"] for each in controller["spec"].get("volumeClaimTemplates", ())]
    volumes = [{"name": each, "persistentVolumeClaim": {"claimName": f"{each}-{name}"}} for each in claims]
    metadata = {**template["metadata"], "name": name, "namespace": controller["metadata"]["namespace"]}
    spec = {**template["spec"], "volumes": [*template["spec"]["volumes"], *volumes]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def static_pods_in(found: Manifest) -> Iterator[Manifest]:
    """The static pod that an object carries to its node, if it carries one."""
    if found["kind"] == "ConfigMap" and places.STATIC_POD in found["data"]:
        yield json.loads(found["data"][places.STATIC_POD])
