"""What kubeadm is told so that an API server keeps its objects in a cluster: pure."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

API_VERSION = "kubeadm.k8s.io/v1beta4"
CLIENT = "kube-apiserver-etcd-client"
"""The user of etcd that kubeadm's own certificate names (kubeadm, "Certificate management")."""
_PKI = "/etc/kubernetes/pki"
FILES = {
    "caFile": f"{_PKI}/etcd/ca.crt",
    "certFile": f"{_PKI}/apiserver-etcd-client.crt",
    "keyFile": f"{_PKI}/apiserver-etcd-client.key",
}
"""Where kubeadm looks for the output `caBundle`, and for certificate and key of `apiServerCredential`."""


def configuration(endpoints: Sequence[str]) -> str:
    """A part of kubeadm's `ClusterConfiguration` (kubeadm, configuration API, `ExternalEtcd`).

    Args:
        endpoints: URLs of the members.
    """
    external = {"endpoints": [*endpoints], **FILES}
    found = {"apiVersion": API_VERSION, "kind": "ClusterConfiguration", "etcd": {"external": external}}
    return str(yaml.safe_dump(found, sort_keys=False))
