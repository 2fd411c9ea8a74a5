"""The planned objects of a cluster, as a real API server takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi_etcd.kubernetes.manifests import Manifest
from tests.servers.kubernetes import KubernetesServer

NAMESPACE = "orders"
KINDS = {
    "StatefulSet": "statefulsets", "DaemonSet": "daemonsets", "Pod": "pods", "ServiceAccount": "serviceaccounts",
    "Role": "roles", "RoleBinding": "rolebindings", "ConfigMap": "configmaps", "Secret": "secrets",
    "Service": "services", "NetworkPolicy": "networkpolicies", "PodDisruptionBudget": "poddisruptionbudgets",
}  # fmt: skip
ACCESS = ("ServiceAccount", "Role", "RoleBinding")


def path(manifest: Manifest) -> str:
    root = "apis" if "/" in manifest["apiVersion"] else "api"
    return f"/{root}/{manifest['apiVersion']}/namespaces/{NAMESPACE}/{KINDS[manifest['kind']]}"


def encoded(manifest: Manifest) -> Manifest:
    """A planned Secret with data that is Base64."""
    if manifest["kind"] != "Secret":
        return manifest
    return {**manifest, "data": dict.fromkeys(manifest["data"], "aGVsbG8=")}


def changed(server: KubernetesServer, manifest: Manifest) -> list[str]:
    """What the server would change of an object; it adds defaults.

    Raises:
        httpx2.HTTPStatusError: the object is not valid, or has a field that does not exist.
    """
    wanted = encoded(manifest)
    found = server.request("POST", f"{path(manifest)}?dryRun=All&fieldValidation=Strict", wanted)
    return kept(wanted, found)


def kept(wanted: Any, found: Any, where: str = "") -> list[str]:
    """What the server changed of what was wanted; it adds defaults."""
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        return [each for name in wanted for each in kept(wanted[name], found.get(name), f"{where}.{name}")]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        pairs = zip(wanted, found, strict=True)
        return [each for index, pair in enumerate(pairs) for each in kept(*pair, f"{where}[{index}]")]
    return [] if wanted == found else [f"{where}: {found} for {wanted}"]


def may(server: KubernetesServer, account: str, verb: str, group: str, resource: str, name: str) -> bool:
    """Whether a service account may do something, as the API server says.

    Args:
        resource: plural, with its subresource after a slash.
        name: of the object; empty for any.
    """
    kind, _, part = resource.partition("/")
    attributes = {
        "namespace": NAMESPACE, "verb": verb, "group": group, "resource": kind, "subresource": part, "name": name,
    }  # fmt: skip
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": f"system:serviceaccount:{NAMESPACE}:{account}", "resourceAttributes": attributes},
    }
    found = server.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
    allowed: bool = found["status"]["allowed"]
    return allowed
