"""A stacked etcd as kubeadm makes it: a static pod on every control plane node, one authority for peers and clients.

Manifests are those of kubeadm 1.36 (GetEtcdPodSpec and getEtcdCommand in cmd/kubeadm/app/phases/etcd/local.go), and
certificates those of `kubeadm init phase certs` (cmd/kubeadm/app/phases/certs/certlist.go): the first member forms the
cluster alone, the others join it as learners.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from etcd_ops.programs import etcd
from tests.etcd.authority import Authority
from tests.nodes.cluster import Cluster
from tests.nodes.images import etcd_image
from tests.nodes.node import Node
from tests.runtime.member import eventually

CLIENT = "apiserver-etcd-client"
until = partial(eventually, within=120.0)
_PKI = "/etc/kubernetes/pki/etcd"
_DATA = "/var/lib/etcd"


class StackedEtcd:
    """One member on every node.

    Args:
        nodes: the cluster.
        directory: for the authority and the API server's certificate.
    """

    def __init__(self, nodes: Cluster, directory: Path) -> None:
        self.nodes = nodes
        self._key = rsa.generate_private_key(65537, 2048)
        self.authority = Authority("etcd-ca", self._key)
        directory.mkdir()
        self.client = _write_leaf(self.authority, directory, CLIENT, "kube-apiserver-etcd-client")

    @property
    def given(self) -> dict[str, str]:
        """The authority as an argument of a trust; its key as kubeadm writes it (PKCS #1)."""
        key = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        return {"cert_pem": self.authority.certificate_pem.decode(), "private_key_pem": key.decode()}

    @property
    def endpoints(self) -> list[str]:
        """Of all members."""
        return [_client_url(node.zone.address) for node in self.nodes.nodes.values()]

    def data(self, node: Node) -> Path:
        """The data directory on a node."""
        return node.directory / "etcd"

    def manifest(self, node: Node) -> Path:
        """The file that a node's kubelet runs it from."""
        return node.manifests / "etcd.yaml"

    def form(self) -> None:
        """Begin with one, and let the others join."""
        first, *others = self.nodes.nodes.values()
        self._place(first, {first.name: first})
        there = {first.name: first}
        for node in others:
            until(partial(self._serves, [*there.values()]))
            until(partial(self._added, first, node))
            there[node.name] = node
            self._place(node, dict(there))
            until(partial(self._promoted, first, node))
        until(partial(self._serves, [*there.values()]))

    def ask(self, node: Node, *words: str, endpoint: str = "https://127.0.0.1:2379", check: bool = True) -> str:
        """Run etcdctl on a node with the API server's certificate; what it printed, empty where it failed."""
        program = str(etcd.obtain(etcd.DEFAULT) / "etcdctl")
        files = [f"--{kind}={path}" for kind, path in zip(("cacert", "cert", "key"), self.client, strict=True)]
        command = node.zone.inside(program, f"--endpoints={endpoint}", *files, "--write-out=json", *words)
        done = subprocess.run(command, capture_output=True, text=True, check=check, timeout=20)
        return done.stdout if done.returncode == 0 else ""

    def listed(self) -> tuple[int, dict[int, str]]:
        """The cluster's ID, and its members' peer URLs by their IDs."""
        found = json.loads(self.ask(next(iter(self.nodes.nodes.values())), "member", "list"))
        members = {each["ID"]: each["peerURLs"][0] for each in found["members"] if not each.get("isLearner")}
        return found["header"]["cluster_id"], members

    def _serves(self, there: Sequence[Node]) -> bool:
        return all(self.ask(node, "endpoint", "health", check=False) for node in there)

    def _added(self, first: Node, node: Node) -> bool:
        """A cluster that has just changed refuses the next member for a while."""
        return bool(
            self.ask(first, "member", "add", node.name, "--learner", f"--peer-urls={_peer_url(node)}", check=False)
        )

    def _promoted(self, first: Node, node: Node) -> bool:
        listed = json.loads(self.ask(first, "member", "list"))["members"]
        member = next(each["ID"] for each in listed if each["peerURLs"] == [_peer_url(node)])
        return bool(self.ask(first, "member", "promote", f"{member:x}", check=False))

    def _place(self, node: Node, initial: Mapping[str, Node]) -> None:
        pki = node.directory / "pki"
        pki.mkdir()
        (pki / "ca.crt").write_bytes(self.authority.certificate_pem)
        for name in ("server", "peer"):
            _write_leaf(self.authority, pki, name, node.name, (node.zone.address, "127.0.0.1"))
        self.data(node).mkdir(mode=0o700)
        self.manifest(node).write_text(yaml.safe_dump(_pod(node, self.data(node), pki, initial)))


def _client_url(address: str) -> str:
    return f"https://{address}:2379"


def _peer_url(node: Node) -> str:
    return f"https://{node.zone.address}:2380"


def _write_leaf(
    authority: Authority, folder: Path, file: str, name: str, addresses: Sequence[str] = ()
) -> tuple[str, str, str]:
    """Paths of the authority, the certificate and the key."""
    leaf = authority.issue(name, addresses)
    paths = tuple(folder / each for each in ("ca.crt", f"{file}.crt", f"{file}.key"))
    for path, content in zip(paths, (leaf.ca_pem, leaf.certificate_pem, leaf.key_pem), strict=True):
        path.write_bytes(content)
        path.chmod(0o600)
    authority_file, certificate, key = map(str, paths)
    return authority_file, certificate, key


def _command(node: Node, initial: Mapping[str, Node]) -> list[str]:
    address = node.zone.address
    options = {
        "name": node.name,
        "listen-client-urls": f"https://127.0.0.1:2379,{_client_url(address)}",
        "advertise-client-urls": _client_url(address),
        "listen-peer-urls": _peer_url(node),
        "initial-advertise-peer-urls": _peer_url(node),
        "data-dir": _DATA,
        "cert-file": f"{_PKI}/server.crt",
        "key-file": f"{_PKI}/server.key",
        "trusted-ca-file": f"{_PKI}/ca.crt",
        "client-cert-auth": "true",
        "peer-cert-file": f"{_PKI}/peer.crt",
        "peer-key-file": f"{_PKI}/peer.key",
        "peer-trusted-ca-file": f"{_PKI}/ca.crt",
        "peer-client-cert-auth": "true",
        "snapshot-count": "10000",
        "listen-metrics-urls": "http://127.0.0.1:2381",
        "feature-gates": "InitialCorruptCheck=true",
        "watch-progress-notify-interval": "5s",
        "initial-cluster": ",".join(f"{name}={_peer_url(each)}" for name, each in initial.items()),
        **({"initial-cluster-state": "existing"} if len(initial) > 1 else {}),
    }
    return ["etcd", *(f"--{name}={value}" for name, value in sorted(options.items()))]


def _probe(path: str, failures: int) -> dict[str, Any]:
    get = {"host": "127.0.0.1", "path": path, "port": "probe-port", "scheme": "HTTP"}
    return {"httpGet": get, "failureThreshold": failures, "periodSeconds": 1, "timeoutSeconds": 15}


def _pod(node: Node, data: Path, pki: Path, initial: Mapping[str, Node]) -> dict[str, Any]:
    container = {
        "name": "etcd",
        "image": etcd_image().reference,
        "imagePullPolicy": "IfNotPresent",
        "command": _command(node, initial),
        "livenessProbe": _probe("/livez", 8),
        "readinessProbe": _probe("/readyz", 3),
        "startupProbe": _probe("/readyz", 240),
        "ports": [{"name": "probe-port", "containerPort": 2381, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "100m", "memory": "100Mi"}},
        "volumeMounts": [{"name": "etcd-data", "mountPath": _DATA}, {"name": "etcd-certs", "mountPath": _PKI}],
    }
    volumes = [
        {"name": name, "hostPath": {"path": str(path), "type": "DirectoryOrCreate"}}
        for name, path in (("etcd-certs", pki), ("etcd-data", data))
    ]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "etcd",
            "namespace": "kube-system",
            "labels": {"component": "etcd", "tier": "control-plane"},
            "annotations": {"kubeadm.kubernetes.io/etcd.advertise-client-urls": _client_url(node.zone.address)},
        },
        "spec": {
            "hostNetwork": True,
            "priority": 2000001000,
            "priorityClassName": "system-node-critical",
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
            "volumes": volumes,
        },
    }
