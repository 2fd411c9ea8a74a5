"""An etcd that plain pods run, as a chart leaves it behind: nobody but their kubelets keeps them."""

from __future__ import annotations

import base64
from functools import partial
from typing import Any

import httpx2

from tests.etcd.authority import Authority
from tests.nodes.cluster import ZONES, Cluster
from tests.nodes.images import etcd_image
from tests.runtime.member import eventually

NAMESPACE = "old"
NAMES = ("etcd-0", "etcd-1", "etcd-2")
_SERVICE = "etcd"
_CORE = f"/api/v1/namespaces/{NAMESPACE}"
_TLS, _DATA = "/tls", "/data"
until = partial(eventually, within=120.0)


class PlainPods:
    """A member on the node of each of three zones, behind a headless Service.

    Args:
        nodes: the cluster.
        peers: issues what members show to each other.
        clients: issues what they show to clients.
    """

    def __init__(self, nodes: Cluster, peers: Authority, clients: Authority) -> None:
        self.nodes = nodes
        self._authorities = {"peer": peers, "client": clients}

    @property
    def declared(self) -> dict[str, Any]:
        """The members as a migration names them."""
        return {name: {"peer_url": _url(name, 2380), "client_url": _url(name, 2379)} for name in NAMES}

    def form(self) -> None:
        """Start all of them as a cluster."""
        request = self.nodes.plane.request
        request("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        until(lambda: self._is_there(f"{_CORE}/serviceaccounts/default"))
        spec = {"clusterIP": "None", "publishNotReadyAddresses": True, "selector": {"app": _SERVICE}}
        ports = [{"name": "peer", "port": 2380}, {"name": "client", "port": 2379}]
        request("POST", f"{_CORE}/services", {"metadata": {"name": _SERVICE}, "spec": {**spec, "ports": ports}})
        initial = ",".join(f"{name}={_url(name, 2380)}" for name in NAMES)
        for name in NAMES:
            request("POST", f"{_CORE}/secrets", {"metadata": {"name": name}, "data": self._credentials(name)})
            self.start_anew(name, initial, "new")

    def start_anew(self, name: str, initial: str, state: str) -> None:
        """See `tests.e2e.migrating.Origin`."""
        self.end(name)
        self.nodes.plane.request("POST", f"{_CORE}/pods", _pod(name, ZONES[NAMES.index(name)], initial, state))

    def end(self, name: str) -> None:
        """Delete a member's pod, and its data with it."""
        path = f"{_CORE}/pods/{name}"
        if self._is_there(path):
            self.nodes.plane.request("DELETE", path)
            until(lambda: not self._is_there(path))

    def _credentials(self, name: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for trust, authority in self._authorities.items():
            leaf = authority.issue(name, ["127.0.0.1"], hosts=[_host(name)])
            files = {"ca": leaf.ca_pem, "cert": leaf.certificate_pem, "key": leaf.key_pem}
            found |= {f"{trust}.{kind}": base64.b64encode(content).decode() for kind, content in files.items()}
        return found

    def _is_there(self, path: str) -> bool:
        try:
            self.nodes.plane.request("GET", path)
        except httpx2.HTTPStatusError as answer:
            if answer.response.status_code != httpx2.codes.NOT_FOUND:
                raise
            return False
        return True


def _host(name: str) -> str:
    return f"{name}.{_SERVICE}.{NAMESPACE}.svc.cluster.local"


def _url(name: str, port: int) -> str:
    return f"https://{_host(name)}:{port}"


def _pod(name: str, zone: str, initial: str, state: str) -> dict[str, Any]:
    options = {
        "name": name,
        "data-dir": f"{_DATA}/etcd",
        "listen-client-urls": "https://0.0.0.0:2379",
        "advertise-client-urls": _url(name, 2379),
        "listen-peer-urls": "https://0.0.0.0:2380",
        "initial-advertise-peer-urls": _url(name, 2380),
        "initial-cluster": initial,
        "initial-cluster-state": state,
        "initial-cluster-token": "plain-pods",
        **{f"{prefix}trusted-ca-file": f"{_TLS}/{trust}.ca" for trust, prefix in _PREFIXES.items()},
        **{f"{prefix}cert-file": f"{_TLS}/{trust}.cert" for trust, prefix in _PREFIXES.items()},
        **{f"{prefix}key-file": f"{_TLS}/{trust}.key" for trust, prefix in _PREFIXES.items()},
        **{f"{prefix}client-cert-auth": "true" for prefix in _PREFIXES.values()},
    }
    container = {
        "name": "etcd",
        "image": etcd_image().reference,
        "command": ["/usr/local/bin/etcd", *(f"--{option}={value}" for option, value in options.items())],
        "volumeMounts": [{"name": "data", "mountPath": _DATA}, {"name": "tls", "mountPath": _TLS, "readOnly": True}],
    }
    return {
        "metadata": {"name": name, "labels": {"app": _SERVICE}},
        "spec": {
            "hostname": name,
            "subdomain": _SERVICE,
            "nodeName": f"node-{zone}",
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 10,
            "containers": [container],
            "volumes": [{"name": "data", "emptyDir": {}}, {"name": "tls", "secret": {"secretName": name}}],
        },
    }


_PREFIXES = {"peer": "peer-", "client": ""}
"""Of etcd's options about a trust."""
