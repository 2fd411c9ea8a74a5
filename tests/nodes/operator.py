"""Who runs Pulumi for static pods: an account with no more than the example's roles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.servers.kubernetes import KubernetesServer
from tools import ROOT

ROLES = ROOT / "examples" / "kubernetes" / "static-pods-operator-role.yaml"
OPERATOR = "operator"
_ITS_NAMESPACE = "etcd-nodes"


def operator(server: KubernetesServer, namespace: str) -> Path:
    """The account's kubeconfig; in that namespace it has the roles.

    Args:
        server: of the namespace.
        namespace: has no such account yet, or the same.
    """
    for role in yaml.safe_load_all(ROLES.read_text().replace(_ITS_NAMESPACE, namespace)):
        _give(server, role)
    return server.kubeconfig_for(OPERATOR)


def _give(server: KubernetesServer, role: dict[str, Any]) -> None:
    group, kind, name = role["apiVersion"].split("/")[0], role["kind"], role["metadata"]["name"]
    place = role["metadata"].get("namespace")
    within = f"/namespaces/{place}" if place else ""
    path = f"/apis/{role['apiVersion']}{within}/{kind.lower()}"
    binding = {
        "apiVersion": role["apiVersion"],
        "kind": f"{kind}Binding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": group, "kind": kind, "name": name},
        "subjects": [{"apiGroup": group, "kind": "User", "name": OPERATOR}],
    }
    for plural, each in (("s", role), ("bindings", binding)):
        applied = f"{path}{plural}/{name}?fieldManager=tests&force=true"
        server.request("PATCH", applied, each, "application/apply-patch+yaml")
