"""How members are found, and who may reach them: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from etcd_ops.model.topology import CLIENT_PORT, METRICS_PORT, PEER_PORT
from pulumi_etcd.kubernetes.manifests import SKIP_AWAIT, Manifest, manifest
from pulumi_etcd.stateful_sets.naming import StatefulSetNames

Selectors = Sequence[Mapping[str, Any]]
"""Clients in camelCase, as the arguments name them."""


def services(names: StatefulSetNames) -> list[Manifest]:
    """One that gives every member a host name, ready or not, and one for clients."""
    peers = manifest("v1", "Service", names, names.peers, annotations=SKIP_AWAIT)
    peers["spec"] = {
        "clusterIP": "None",
        "publishNotReadyAddresses": True,  # members find each other before any of them has a quorum
        "selector": names.selector,
        "ports": [_port("client", CLIENT_PORT), _port("peer", PEER_PORT), _port("metrics", METRICS_PORT)],
    }
    clients = manifest("v1", "Service", names, names.cluster, annotations=SKIP_AWAIT)
    clients["spec"] = {"type": "ClusterIP", "selector": names.selector, "ports": [_port("client", CLIENT_PORT)]}
    return [peers, clients]


def policy(
    names: StatefulSetNames, clients: Selectors, metrics_clients: Selectors, *, migrates: bool = False
) -> Manifest:
    """Who may reach the members' pods: each other, and on two of the ports those that are named.

    Args:
        names: of the cluster's objects.
        clients: who may reach the port of clients.
        metrics_clients: who may reach the metrics.
        migrates: whether members elsewhere, of which only addresses are known, have to reach the port of peers.
    """
    members: Manifest = {"podSelector": {"matchLabels": names.selector}}
    among = [PEER_PORT, CLIENT_PORT]
    ingress = [{"from": [members], "ports": [_allowed(port) for port in among]}]
    for port, selectors in ((CLIENT_PORT, clients), (METRICS_PORT, metrics_clients)):
        if selectors:  # an empty list of sources is everybody
            ingress.append({"from": [_source(each) for each in selectors], "ports": [_allowed(port)]})
    if migrates:  # who is a peer is told by certificates
        ingress.append({"ports": [_allowed(PEER_PORT)]})
    found = manifest("networking.k8s.io/v1", "NetworkPolicy", names, names.cluster)
    found["spec"] = {
        "podSelector": {"matchLabels": names.selector},
        "policyTypes": ["Ingress"],
        "ingress": ingress,
    }
    return found


def _source(selector: Mapping[str, Any]) -> Manifest:
    source: Manifest = {"podSelector": _labelled(selector.get("podLabels", {}))}
    if "namespaceLabels" in selector:
        source["namespaceSelector"] = _labelled(selector["namespaceLabels"])
    return source


def _labelled(labels: Mapping[str, str]) -> Manifest:
    return {"matchLabels": dict(labels)} if labels else {}


def _allowed(port: int) -> Manifest:
    return {"port": port, "protocol": "TCP"}


def _port(name: str, number: int) -> Manifest:
    return {"name": name, "port": number, "targetPort": number, "protocol": "TCP"}
