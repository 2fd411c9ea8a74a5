"""A real Kubernetes cluster: API server, controllers and scheduler, and a node with kubelet and containerd per zone."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil

from etcd_ops.programs.progress import ObtainError
from tests.nodes import cgroups, traces
from tests.nodes.copying import Credentials, copy_keys
from tests.nodes.exclusive import alone
from tests.nodes.images import agent_image, etcd_image, pause_image
from tests.nodes.namespaces import HUB, PREFIX, Zone, inside, network, remove_namespaces
from tests.nodes.node import Node, unmount_below
from tests.servers.control_plane import ControlPlane
from tests.servers.kubernetes import CONTEXT
from tools import debian, go_programs
from tools.oci_image import Image

DIRECTORY = Path(f"/tmp/{PREFIX}")
"""Always the same, so that a run finds what one before it left that was killed."""
ZONES = ("a", "b", "c")
SPARES = ("d", "e")
"""Further zones, for tests in which there are more members, or they move."""
API_PORT = 6443


_RBAC = "rbac.authorization.k8s.io"
_PROXIES: Mapping[str, Any] = {
    "apiVersion": f"{_RBAC}/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "nodes-proxies"},
    "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": "system:node-proxier"},
    "subjects": [{"apiGroup": _RBAC, "kind": "Group", "name": "system:nodes"}],
}
STANDARD, OTHER = "standard", "other"
"""Storage classes, of which the former is the default."""


def _storage_class(name: str) -> Mapping[str, Any]:
    """One whose volumes are folders of this machine."""
    marks = {"storageclass.kubernetes.io/is-default-class": "true"} if name == STANDARD else {}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name, "annotations": marks},
        "provisioner": "kubernetes.io/host-path",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
    }


_GIVEN: Sequence[tuple[str, Mapping[str, Any]]] = (
    (f"/apis/{_RBAC}/v1/clusterrolebindings", _PROXIES),
    *(("/apis/storage.k8s.io/v1/storageclasses", _storage_class(name)) for name in (STANDARD, OTHER)),
)
"""With its path, what a cluster brings along: nodes may proxy, and claims get volumes."""


CLAIMED = Path("/tmp/hostpath_pv")
"""Where the controller makes volumes, which cannot be told another place: a link to where all the rest is."""
_OPEN = f'while sleep 0.2; do for each in {CLAIMED}/*; do [ ! -d "$each" ] || chmod 2777 "$each"; done; done'
"""Stands in for what a storage driver does for a pod's `fsGroup`: the controller makes folders for root alone."""


class HubPlane(ControlPlane):
    """The control plane in the hub, with the names of Services and pods."""

    clients = (*ControlPlane.clients, "coredns")
    controllers = ("--node-monitor-grace-period=12s", "--enable-hostpath-provisioner=true")

    def __init__(self, directory: Path, hub: str) -> None:
        super().__init__(directory, address=HUB, port=API_PORT, inside=inside(hub))

    def start(self) -> None:
        """Start everything, and wait until the API is ready."""
        super().start()
        self._run("volume-modes", "sh", "-c", _OPEN)
        for path, content in _GIVEN:
            self.request("POST", path, content)

    def start_clients(self) -> None:
        """Start what watches the API."""
        super().start_clients()
        self._start_names()

    def _start_names(self) -> None:
        """Names of Services and pods. Certificates and all but the address come from the administrator's kubeconfig."""
        configuration = self.directory / "Corefile"
        server = f"kubernetes cluster.local {{\n  kubeconfig {self.kubeconfig} {CONTEXT}\n  ttl 1\n }}"
        configuration.write_text(f".:53 {{\n bind {HUB}\n errors\n {server}\n}}\n")
        self._run("coredns", str(go_programs.obtain("coredns")), "-conf", str(configuration))

    def kubeconfig_of(self, node: Node) -> Path:
        """A kubelet's."""
        return self.kubeconfig_for(f"system:node:{node.name}", "system:nodes")

    def _listening(self) -> list[str]:
        return ["--bind-address=127.0.0.1"]

    def _options(self) -> list[str]:
        return [
            *super()._options(),
            "--endpoint-reconciler-type=lease",
            "--enable-admission-plugins=NodeRestriction",
            "--kubelet-preferred-address-types=InternalIP",
            f"--kubelet-client-certificate={self.directory / 'admin.crt'}",
            f"--kubelet-client-key={self.directory / 'admin.key'}",
        ]


class Cluster:
    """A running cluster."""

    def __init__(self, plane: HubPlane, nodes: Sequence[Node]) -> None:
        self.plane = plane
        self.nodes = {node.zone.name: node for node in nodes}

    def ready_nodes(self) -> set[str]:
        """The names of the nodes that say they are ready."""
        return self.plane.ready_nodes()

    def ready_pods(self, namespace: str) -> dict[str, str]:
        """The node of each pod that is ready, by the pod's name."""
        return self.plane.ready_pods(namespace)

    def move_store(self, endpoints: Sequence[str], credentials: Credentials, inside: Callable[..., list[str]]) -> None:
        """Have another etcd behind the API server, with all its objects.

        Args:
            endpoints: its clients' URLs.
            credentials: of the API server there.
            inside: a command in the network from which both etcds can be reached.
        """
        self.plane.kill_api()
        copy_keys(inside, self.plane.store, endpoints[0], credentials)
        self.plane.move(endpoints, ca=credentials.ca, cert=credentials.cert, key=credentials.key)
        self._begin_anew()

    def move_store_back(self) -> None:
        """Undo `move_store`."""
        self.plane.kill_api()
        self.plane.move_back()
        self._begin_anew()

    def _begin_anew(self) -> None:
        """Revisions of another etcd may be lower: who watches from those of the former would never hear anything."""
        self.plane.start_api()
        self.plane.restart_clients()
        for node in self.nodes.values():
            node.restart_clients(self.plane.kubeconfig_of(node))

    def named(self, zone: str, *command: str) -> list[str]:
        """A command in a zone's network that resolves names as pods do."""
        resolver = DIRECTORY / "resolv.conf"
        resolver.write_text(f"nameserver {HUB}\n")
        script = f'mount --bind {resolver} /etc/resolv.conf && exec "$@"'
        return self.nodes[zone].zone.inside("unshare", "--mount", "sh", "-c", script, "named", *command)

    def last_logs(self, namespace: str, lines: int = 15) -> list[str]:
        """The ends of the logs of all containers in a namespace, for a failed test."""
        logs = sorted(DIRECTORY.glob(f"*/podlogs/{namespace}_*/*/*.log"))
        return [f"{log.parent.parent.name}/{log.parent.name}:\n{_end(log, lines)}" for log in logs]

    def logged(self, namespace: str, pod: str, text: str) -> int:
        """How many lines of the logs of a pod's containers have a text, the containers that have ended included."""
        logs = DIRECTORY.glob(f"*/podlogs/{namespace}_{pod}_*/*/*.log")
        return sum(text in line for log in logs for line in log.read_text(errors="replace").splitlines())

    def import_image(self, image: Image) -> None:
        """Bring another image to every node, which finds it there by both of its names."""
        for node in self.nodes.values():
            node.import_image(image)


def _end(log: Path, lines: int) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def missing() -> str:
    """Why no such cluster can be started here; empty where one can."""
    if os.geteuid() != 0:
        return "nodes need root: namespaces, mounts and cgroups"
    if subprocess.run(["unshare", "--net", "true"], check=False).returncode != 0:
        return "nodes need network namespaces"
    if not any(os.access(hierarchy, os.W_OK) for hierarchy in cgroups.controllers()):
        return "nodes need cgroups that can be written"
    try:
        debian.obtain("node-programs", debian.NODE)
    except ObtainError as problem:
        return str(problem)
    return ""


@contextmanager
def cluster(zones: Sequence[str] = ZONES) -> Iterator[Cluster]:
    """A cluster whose nodes are ready, removed with the block.

    Raises:
        Taken: somebody else has one.
    """
    programs = debian.obtain("node-programs", debian.NODE)
    places = [Zone(name, number) for number, name in enumerate(zones, start=1)]
    with ExitStack() as made:
        made.enter_context(alone())
        _remove_leftovers()
        _make_directory(made)
        hub = made.enter_context(network(places))
        plane = HubPlane(DIRECTORY / "plane", hub)
        made.callback(plane.kill)
        plane.start()
        images = [pause_image(), etcd_image(), agent_image()]
        environment = debian.environment(programs)
        nodes = [Node(zone, DIRECTORY / zone.name, plane.programs, environment) for zone in places]
        for node in nodes:
            made.callback(node.remove)
            node.start(plane.kubeconfig_of(node), plane.directory / "ca.crt", programs / "usr" / "lib" / "cni", images)
        started = Cluster(plane, nodes)
        expected = {node.name for node in nodes}
        plane.processes.wait_for("all nodes ready", lambda: started.ready_nodes() == expected)
        yield started


def _make_directory(made: ExitStack) -> None:
    # Keys of the cluster's administrator are in it.
    DIRECTORY.mkdir(mode=0o700)
    made.callback(shutil.rmtree, DIRECTORY)
    traces.note(DIRECTORY)
    made.callback(traces.remove, DIRECTORY)
    (DIRECTORY / "claimed").mkdir()
    if CLAIMED.exists():
        CLAIMED.rmdir()  # not where there is anything in it, which is somebody else's
    CLAIMED.symlink_to(DIRECTORY / "claimed")
    made.callback(CLAIMED.unlink)


def remove_leftovers() -> None:
    """What a run before this one left because it was killed: containers in our cgroups, shims, mounts, networks, files.

    Raises:
        Taken: it was not, and still runs.
    """
    with alone():
        _remove_leftovers()


def _remove_leftovers() -> None:
    for zone in (*ZONES, *SPARES):
        cgroups.kill(f"{PREFIX}-{zone}")
    _kill_shims()
    unmount_below(DIRECTORY)
    for zone in (*ZONES, *SPARES):
        cgroups.remove(f"{PREFIX}-{zone}")
    remove_namespaces()
    traces.remove(DIRECTORY)
    if CLAIMED.is_symlink():
        CLAIMED.unlink()
    if DIRECTORY.exists():
        shutil.rmtree(DIRECTORY)


def _kill_shims() -> None:
    """containerd's shims outlive it on purpose; ours name our directory."""
    for process in psutil.process_iter(["cmdline"]):
        if any(f"{DIRECTORY}/" in word for word in process.info["cmdline"] or ()):
            process.kill()
            process.wait()
