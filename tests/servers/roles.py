"""Roles of the API server that a test starts, and who has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.servers.kubernetes import KubernetesServer

API = "rbac.authorization.k8s.io/v1"


def give(server: KubernetesServer, role: Mapping[str, Any], user: str) -> None:
    """Make a role, and bind it to a user. Idempotent.

    Args:
        server: of the role.
        role: a Role, which names its namespace, or a ClusterRole.
        user: who has it from now on, in that namespace, or everywhere.
    """
    kind, name, namespace = role["kind"], role["metadata"]["name"], role["metadata"].get("namespace")
    path = f"/apis/{API}{f'/namespaces/{namespace}' if namespace else ''}/{kind.lower()}"
    group = API.partition("/")[0]
    binding = {
        "apiVersion": API,
        "kind": f"{kind}Binding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": group, "kind": kind, "name": name},
        "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
    }
    for plural, each in (("s", role), ("bindings", binding)):
        applied = f"{path}{plural}/{name}?fieldManager=tests&force=true"
        server.request("PATCH", applied, each, "application/apply-patch+yaml")
