"""A real Kubernetes API server on this machine, with etcd behind it: no nodes, no controllers, no root."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx2

from etcd_ops.programs import etcd
from tests.etcd.authority import Authority
from tests.servers.ports import free_block
from tests.servers.processes import Processes
from tools import go_programs

CONTEXT = "tests"
PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubelet")
START_TIMEOUT = 90.0
"""Seconds; it takes about six."""
SERVICES, API_SERVICE = "10.96.0.0/16", "10.96.0.1"
"""Addresses of Services, which nothing here routes, and the first of them, which is the API's."""


class KubernetesServer:
    """One kube-apiserver and its etcd. About 350 MB resident."""

    def __init__(
        self, directory: Path, *, address: str = "127.43.0.2", port: int | None = None, inside: Sequence[str] = ()
    ) -> None:
        """Choose where it runs; `start` starts it.

        Args:
            directory: keeps its data, keys and logs; made if missing.
            address: where it listens, a loopback address by default.
            port: of the API, the first of three that it takes; free ones are chosen if not given.
            inside: begins every command, to run it in another network.
        """
        self.directory = directory
        self.address = address
        first = port or free_block(3, address)
        self.port, self._client_port, self._peer_port = range(first, first + 3)
        self._inside = tuple(inside)
        self._authority = Authority("kubernetes")
        self.processes = Processes(directory)
        self.programs = directory / "bin"
        """The folder with the programs of Kubernetes, which are one executable of many names."""
        self.programs.mkdir(parents=True, exist_ok=True)
        for name in PROGRAMS:
            (self.programs / name).symlink_to(go_programs.obtain("kubernetes"))
        self._write_keys()
        self._store = [f"--etcd-servers={self.store}"]

    @property
    def store(self) -> str:
        """URL of the etcd that it was made with."""
        return f"http://{self.address}:{self._client_port}"

    @property
    def url(self) -> str:
        """Of the API."""
        return f"https://{self.address}:{self.port}"

    @property
    def kubeconfig(self) -> Path:
        """Names this server, for an administrator, in the context `tests`."""
        return self.directory / "admin.kubeconfig"

    def start(self) -> None:
        """Start both processes and wait until the API is ready.

        Raises:
            RuntimeError: one ended, or was not ready in time; with the end of its log.
        """
        self._run("etcd", str(etcd.obtain(etcd.DEFAULT) / "etcd"), *self._etcd_options())
        self.start_api()

    def start_api(self) -> None:
        """Start the API server, which may have run before, and wait until it is ready.

        Raises:
            RuntimeError: it ended, or was not ready in time; with the end of its log.
        """
        self._run("kube-apiserver", str(self.programs / "kube-apiserver"), *self._options())
        try:
            self.processes.wait_for("the API server", self._serves, START_TIMEOUT)
        except RuntimeError:
            self.kill()
            raise

    def move(self, endpoints: Sequence[str], *, ca: str, cert: str, key: str) -> None:
        """Have another etcd behind it from the next start on, and end its own.

        Args:
            endpoints: its clients' URLs.
            ca: path of the certificates that it is believed by.
            cert: path of the API server's client certificate.
            key: path of its key.
        """
        self._store = [
            f"--etcd-servers={','.join(endpoints)}", f"--etcd-cafile={ca}", f"--etcd-certfile={cert}",
            f"--etcd-keyfile={key}",
        ]  # fmt: skip
        self.processes.stop("etcd", signal.SIGKILL)

    def move_back(self) -> None:
        """Undo `move`; its own etcd has what it had then."""
        self._store = [f"--etcd-servers={self.store}"]
        self._run("etcd", str(etcd.obtain(etcd.DEFAULT) / "etcd"), *self._etcd_options())

    def kill_api(self) -> None:
        """End the API server at once; what it serves stays."""
        self.processes.stop("kube-apiserver", signal.SIGKILL)

    def start_controllers(self, *names: str) -> None:
        """Start some of the controllers, such as the garbage collector, without which nothing is deleted foreground."""
        self._run(
            "kube-controller-manager", str(self.programs / "kube-controller-manager"),
            f"--kubeconfig={self.kubeconfig}", f"--controllers={','.join(names)}", "--leader-elect=false",
            f"--bind-address={self.address}", f"--secure-port={free_block(1, self.address)}",
        )  # fmt: skip

    def kill(self) -> None:
        """End all processes at once."""
        self.processes.stop_all(signal.SIGKILL)

    def frozen(self) -> AbstractContextManager[None]:
        """Stop the API server from running for a while: it takes connections, and answers later."""
        return self.processes.frozen("kube-apiserver")

    def request(
        self, method: str, path: str, content: Mapping[str, Any] | None = None, kind: str = "application/json"
    ) -> dict[str, Any]:
        """Call the API as its administrator.

        Args:
            method: of HTTP.
            path: with its query.
            content: what is sent, as JSON.
            kind: its media type, which says what a patch is.

        Raises:
            httpx2.HTTPStatusError: it refused.
        """
        answer = self.client().request(method, path, json=content, headers={"Content-Type": kind})
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def make_namespace(self, name: str) -> str:
        """Create a namespace; returns its UID."""
        content = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        return str(self.request("POST", "/api/v1/namespaces", content)["metadata"]["uid"])

    def connection(self, namespace: str, cluster: str) -> dict[str, Any]:
        """The channel connection value of a namespace of this server."""
        return {
            "kind": "kubernetes", "namespace": namespace, "cluster": cluster,
            "kubeconfig": str(self.kubeconfig), "context": CONTEXT,
        }  # fmt: skip

    def kubeconfig_for(self, user: str, organization: str = "") -> Path:
        """A kubeconfig of another user, with the context `tests`."""
        self._write_leaf(user, organization)
        path = self.directory / f"{_file(user)}.kubeconfig"
        path.write_text(json.dumps(self._kubeconfig(user)))
        return path

    def client(self) -> httpx2.Client:
        import ssl

        context = ssl.create_default_context(cafile=str(self.directory / "ca.crt"))
        context.load_cert_chain(self.directory / "admin.crt", self.directory / "admin.key")
        return httpx2.Client(base_url=self.url, verify=context, trust_env=False, timeout=10)

    def _kubeconfig(self, user: str) -> dict[str, Any]:
        files = {"client-certificate": f"{_file(user)}.crt", "client-key": f"{_file(user)}.key"}
        certificates = {name: str(self.directory / file) for name, file in files.items()}
        cluster = {"server": self.url, "certificate-authority": str(self.directory / "ca.crt")}
        return {
            "apiVersion": "v1", "kind": "Config",
            "clusters": [{"name": "tests", "cluster": cluster}],
            "users": [{"name": user, "user": certificates}],
            "contexts": [{"name": CONTEXT, "context": {"cluster": "tests", "user": user}}], "current-context": CONTEXT,
        }  # fmt: skip

    def _write_keys(self) -> None:
        (self.directory / "ca.crt").write_bytes(self._authority.certificate_pem)
        self._write_leaf("kube-apiserver", addresses=(self.address, API_SERVICE))
        self._write_leaf("service-accounts")
        self.kubeconfig_for("admin", "system:masters")

    def _write_leaf(self, name: str, organization: str = "", addresses: tuple[str, ...] = ()) -> None:
        leaf = self._authority.issue(name, addresses, organization)
        (self.directory / f"{_file(name)}.crt").write_bytes(leaf.certificate_pem)
        (self.directory / f"{_file(name)}.key").write_bytes(leaf.key_pem)

    def _etcd_options(self) -> list[str]:
        client, peer = (f"http://{self.address}:{port}" for port in (self._client_port, self._peer_port))
        return [
            f"--data-dir={self.directory / 'etcd'}", "--unsafe-no-fsync", "--log-level=warn",
            f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}",
        ]  # fmt: skip

    def _options(self) -> list[str]:
        at = self.directory
        return [
            *self._store, "--endpoint-reconciler-type=none",
            f"--bind-address={self.address}", f"--secure-port={self.port}", f"--advertise-address={self.address}",
            f"--tls-cert-file={at / 'kube-apiserver.crt'}", f"--tls-private-key-file={at / 'kube-apiserver.key'}",
            f"--client-ca-file={at / 'ca.crt'}", f"--service-cluster-ip-range={SERVICES}",
            "--service-account-issuer=https://kubernetes.default.svc", "--authorization-mode=Node,RBAC",
            f"--service-account-key-file={at / 'service-accounts.crt'}",
            f"--service-account-signing-key-file={at / 'service-accounts.key'}", "--shutdown-delay-duration=0s",
        ]  # fmt: skip

    def _run(self, name: str, *command: str) -> None:
        self.processes.start(name, [*self._inside, *command])

    def _serves(self) -> bool:
        try:
            return self.client().get("/readyz").is_success
        except httpx2.HTTPError:
            return False


def _file(user: str) -> str:
    return user.replace(":", "-")


@contextmanager
def kubernetes_server(directory: Path, *, address: str = "127.43.0.2") -> Iterator[KubernetesServer]:
    """A running API server, ended with the block."""
    server = KubernetesServer(directory, address=address)
    try:
        server.start()
        yield server
    finally:
        server.kill()
