"""A stacked etcd that kubeadm itself has made: a static pod on every control plane node, one authority for all of them.

The first member forms the cluster alone, and the others join it as learners: `kubeadm init` and `kubeadm join`, of
which only those phases run that make certificates and etcd. The rest of the nodes is there already.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from etcd_ops.programs import etcd
from tests.kubeadm.program import init_configuration
from tests.nodes.cluster import Cluster
from tests.nodes.copying import Credentials
from tests.nodes.images import etcd_image
from tests.nodes.node import Node
from tests.runtime.member import eventually
from tools import go_programs

until = partial(eventually, within=120.0)
_AUTHORITY = ("etcd/ca.crt", "etcd/ca.key")
_LEAVES = ("etcd-server", "etcd-peer", "etcd-healthcheck-client", "apiserver-etcd-client")
_INSIDE = """\
set -e
mount -t tmpfs none /etc
mkdir -p /etc/kubernetes/manifests
mount --bind "$1" /etc/kubernetes/manifests
cp "$2" /etc/kubernetes/admin.conf
shift 2
exec "$@"
"""
"""Gives a command an /etc of its own, in which are the node's manifests and an administrator's kubeconfig: these two
places kubeadm cannot be told."""


class StackedEtcd:
    """One member on every node.

    Args:
        nodes: the cluster.
    """

    def __init__(self, nodes: Cluster) -> None:
        self.nodes = nodes
        self._first = next(iter(nodes.nodes.values()))

    @property
    def client(self) -> Credentials:
        """The API server's, on the first node."""
        pki = _pki(self._first)
        files = ("etcd/ca.crt", "apiserver-etcd-client.crt", "apiserver-etcd-client.key")
        return Credentials(*(str(pki / file) for file in files))

    @property
    def given(self) -> dict[str, str]:
        """The authority as an argument of a trust, as kubeadm has written it."""
        certificate, key = ((_pki(self._first) / file).read_text() for file in _AUTHORITY)
        return {"cert_pem": certificate, "private_key_pem": key}

    @property
    def endpoints(self) -> list[str]:
        """Of all members."""
        return [f"https://{node.zone.address}:2379" for node in self.nodes.nodes.values()]

    def data(self, node: Node) -> Path:
        """The data directory on a node."""
        return node.directory / "etcd"

    def manifest(self, node: Node) -> Path:
        """The file that a node's kubelet runs it from."""
        return node.manifests / "etcd.yaml"

    def form(self) -> None:
        """Begin with one, and let the others join.

        Raises:
            subprocess.CalledProcessError: kubeadm failed.
        """
        first, *others = self.nodes.nodes.values()
        self._phase(first, "certs", "etcd-ca")
        self._issue(first)
        self._phase(first, "etcd", "local")
        until(partial(self._serves, [first]))
        for node in others:
            self._bring_authority(node)
            self._issue(node)
            self.join(node, self._configuration(node))
        until(partial(self._serves, [first, *others]))

    def join(self, node: Node, configuration: Mapping[str, Any]) -> str:
        """Have a node join, and the cluster's configuration be this one; what kubeadm said.

        Raises:
            subprocess.CalledProcessError: kubeadm failed.
        """
        self._phase(node, "upload-config", "all", f"--kubeconfig={self.nodes.plane.kubeconfig}", told=configuration)
        named = (f"--node-name={node.name}", f"--apiserver-advertise-address={node.zone.address}")
        return self._kubeadm(node, "join", "phase", "etcd-join", "--control-plane", *named)

    def ask(self, node: Node, *words: str, endpoint: str = "https://127.0.0.1:2379", check: bool = True) -> str:
        """Run etcdctl on a node with the API server's certificate; what it printed, empty where it failed."""
        program = str(etcd.obtain(etcd.DEFAULT) / "etcdctl")
        options = [f"--endpoints={endpoint}", *self.client.options(), "--write-out=json"]
        command = node.zone.inside(program, *options, *words)
        done = subprocess.run(command, capture_output=True, text=True, check=check, timeout=20)
        return done.stdout if done.returncode == 0 else ""

    def listed(self) -> tuple[int, dict[int, str]]:
        """The cluster's ID, and its members' peer URLs by their IDs."""
        found = json.loads(self.ask(self._first, "member", "list"))
        members = {each["ID"]: each["peerURLs"][0] for each in found["members"] if not each.get("isLearner")}
        return found["header"]["cluster_id"], members

    def _serves(self, there: Sequence[Node]) -> bool:
        return all(self.ask(node, "endpoint", "health", check=False) for node in there)

    def _issue(self, node: Node) -> None:
        for leaf in _LEAVES:
            self._phase(node, "certs", leaf)

    def _bring_authority(self, node: Node) -> None:
        """As whoever runs kubeadm does by hand, unless it is asked to bring it in a Secret."""
        for file in _AUTHORITY:
            path = _pki(node) / file
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(_pki(self._first) / file, path)

    def _phase(self, node: Node, *words: str, told: Mapping[str, Any] | None = None) -> None:
        """Of `kubeadm init`."""
        file = node.directory / "kubeadm.yaml"
        file.write_text(init_configuration(node.name, node.zone.address, told or self._configuration(node)))
        self._kubeadm(node, "init", "phase", *words, f"--config={file}")

    def _kubeadm(self, node: Node, *words: str) -> str:
        program, kubeconfig = str(go_programs.obtain("kubeadm")), str(self.nodes.plane.kubeconfig)
        apart = ("unshare", "--mount", "sh", "-c", _INSIDE, "kubeadm", str(node.manifests), kubeconfig)
        command = node.zone.inside(*apart, program, *words)
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=180).stdout

    def _configuration(self, node: Node) -> dict[str, Any]:
        """The cluster's, as this node has to read it: the disk of all of them is one."""
        repository, _, tag = etcd_image().name.rpartition("/etcd:")
        local = {"dataDir": str(self.data(node)), "imageRepository": repository, "imageTag": tag}
        return {"certificatesDir": str(_pki(node)), "etcd": {"local": local}}


def _pki(node: Node) -> Path:
    return node.directory / "pki"
