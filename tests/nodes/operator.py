"""Who runs Pulumi for static pods: an account with no more than the example's roles."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.servers.kubernetes import KubernetesServer
from tests.servers.roles import give
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
        give(server, role, OPERATOR)
    return server.kubeconfig_for(OPERATOR)
