"""A Kubernetes cluster without root: real controllers and a real scheduler, and nodes that are objects only.

kwok says of such nodes that they are ready, and of pods on them that they run; no container ever does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pulumi_etcd.kubernetes.naming import ZONE_LABEL
from tests.servers.control_plane import ControlPlane
from tools import go_programs

ADDRESS = "127.43.0.8"
ZONES = ("a", "b", "c")
SPARES = ("d", "e")
"""Further zones, which have a node each, too."""
STAGES = Path(__file__).with_name("stages.yaml")
_CLASS = {
    "metadata": {"name": "zonal", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
    "provisioner": "kwok.x-k8s.io/volume",
    "volumeBindingMode": "WaitForFirstConsumer",
    "allowVolumeExpansion": True,
}


class KwokPlane(ControlPlane):
    """A control plane on loopback, and kwok."""

    clients = (*ControlPlane.clients, "kwok")

    def start(self) -> None:
        """Start everything, and wait until the API is ready."""
        super().start()
        self.request("POST", "/apis/storage.k8s.io/v1/storageclasses", _CLASS)

    def start_clients(self) -> None:
        """Start what watches the API; kwok reads no settings of the user."""
        super().start_clients()
        options = (f"--kubeconfig={self.kubeconfig}", f"--config={STAGES}", "--manage-all-nodes=true")
        alone = ("env", f"KWOK_WORKDIR={self.directory / 'kwok'}")
        self._run("kwok", *alone, str(go_programs.obtain("kwok")), *options, "--node-lease-duration-seconds=40")

    def add_node(self, zone: str, name: str = "") -> None:
        """A node of a zone: the one, or another of this name."""
        name = name or node_of(zone)
        room = {"cpu": "8", "memory": "32Gi", "pods": "100"}
        labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", ZONE_LABEL: zone}
        status = {"capacity": room, "allocatable": room}
        self.request("POST", "/api/v1/nodes", {"metadata": {"name": name, "labels": labels}, "status": status})

    @contextmanager
    def another_node(self, zone: str) -> Iterator[str]:
        """A second node of a zone for a while; its name."""
        name = f"{node_of(zone)}-2"
        self.add_node(zone, name)
        self.processes.wait_for(f"{name} is ready", lambda: name in self.ready_nodes())
        try:
            yield name
        finally:
            self.request("DELETE", f"/api/v1/nodes/{name}")

    def volumes(self) -> dict[str, dict[str, Any]]:
        """The persistent volumes, by name."""
        return {each["metadata"]["name"]: each for each in self.items("/api/v1/persistentvolumes")}


def node_of(zone: str) -> str:
    """The first node of a zone, and the only one but for a while."""
    return f"node-{zone}"


@contextmanager
def cluster(directory: Path, zones: Sequence[str] = (*ZONES, *SPARES)) -> Iterator[KwokPlane]:
    """A cluster whose nodes are ready, ended with the block."""
    plane = KwokPlane(directory, address=ADDRESS)
    try:
        plane.start()
        for zone in zones:
            plane.add_node(zone)
        expected = {node_of(zone) for zone in zones}
        plane.processes.wait_for("all nodes ready", lambda: plane.ready_nodes() == expected)
        yield plane
    finally:
        plane.kill()
