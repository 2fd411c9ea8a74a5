"""How clients in pods find the members: pure."""

from __future__ import annotations

from pulumi_etcd.kubernetes.manifests import SKIP_AWAIT, Manifest, manifest
from pulumi_etcd.kubernetes.naming import Names
from pulumi_etcd.static_pods.naming import COMPONENT_LABEL, ETCD


def service(names: Names, port: int) -> Manifest:
    """Leads to members that are ready, by the mirrors that kubelets make of static pods.

    Args:
        names: of the cluster.
        port: for clients, of the Service and of the nodes.
    """
    found = manifest("v1", "Service", names, names.cluster, annotations=SKIP_AWAIT)
    found["spec"] = {
        "type": "ClusterIP",
        "selector": {**names.selector, COMPONENT_LABEL: ETCD},
        "ports": [{"name": "client", "port": port, "targetPort": port, "protocol": "TCP"}],
    }
    return found
