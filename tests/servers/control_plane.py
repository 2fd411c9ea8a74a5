"""A real Kubernetes API server, and what assigns pods to nodes and makes them from other objects."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from typing import Any, ClassVar

from tests.servers.kubernetes import KubernetesServer
from tests.servers.ports import free_block


class ControlPlane(KubernetesServer):
    """An API server with every controller and the scheduler."""

    clients: ClassVar[Sequence[str]] = ("kube-controller-manager", "kube-scheduler")
    """The processes that watch the API."""
    controllers: ClassVar[Sequence[str]] = ()
    """Further options of the controllers."""

    def start(self) -> None:
        """Start everything, and wait until the API is ready."""
        super().start()
        self.start_clients()

    def start_clients(self) -> None:
        """Start what watches the API."""
        self._start(
            "kube-controller-manager",
            f"--service-account-private-key-file={self.directory / 'service-accounts.key'}",
            f"--root-ca-file={self.directory / 'ca.crt'}",
            "--use-service-account-credentials=true",
            *self.controllers,
        )
        self._start("kube-scheduler")

    def restart_clients(self) -> None:
        """Start anew what watches the API."""
        for name in self.clients:
            self.processes.stop(name, signal.SIGKILL)
        self.start_clients()

    def items(self, path: str) -> list[dict[str, Any]]:
        """The objects of a list."""
        found: list[dict[str, Any]] = self.request("GET", path)["items"]
        return found

    def ready_nodes(self) -> set[str]:
        """The names of the nodes that say they are ready."""
        return {each["metadata"]["name"] for each in self.items("/api/v1/nodes") if _is_ready(each)}

    def ready_pods(self, namespace: str) -> dict[str, str]:
        """The node of each pod that is ready, by the pod's name."""
        return {
            each["metadata"]["name"]: each["spec"]["nodeName"]
            for each in self.items(f"/api/v1/namespaces/{namespace}/pods")
            if _is_ready(each)
        }

    def evict(self, namespace: str, pod: str) -> int:
        """Ask for a pod's eviction, as a drain does; the status of the answer."""
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace}}
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction"
        return self.client().post(path, json=eviction).status_code

    def set_schedulable(self, node: str, *, schedulable: bool) -> None:
        """Cordon a node, or undo that."""
        spec = {"spec": {"unschedulable": not schedulable}}
        self.request("PATCH", f"/api/v1/nodes/{node}", spec, "application/merge-patch+json")

    def _start(self, name: str, *options: str) -> None:
        kubeconfig = self.kubeconfig_for(f"system:{name}")
        command = [str(self.programs / name), f"--kubeconfig={kubeconfig}", "--leader-elect=false", *options]
        self._run(name, *command, *self._listening())

    def _listening(self) -> list[str]:
        """Where a client of the API serves its health."""
        return [f"--bind-address={self.address}", f"--secure-port={free_block(1, self.address)}"]

    def _options(self) -> list[str]:
        return [*super()._options(), "--allow-privileged=true"]


def _is_ready(item: dict[str, Any]) -> bool:
    conditions = item["status"].get("conditions", ())
    return ("Ready", "True") in {(each["type"], each["status"]) for each in conditions}
