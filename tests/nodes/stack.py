"""One stack with one StatefulSetCluster on real nodes, driven through the real engine."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.e2e.project import Arguments, Project
from tests.e2e.records import Records
from tests.nodes.cluster import Cluster
from tests.servers.kubernetes import CONTEXT
from tools.engine import Engine

PROGRAM = Path(__file__).parent / "program"
NAMESPACE = "etcd"
NAME = "e2e"
"""Of the cluster, as `Project` declares it."""
SLOTS = ("a-1", "b-1", "c-1")
ZONE = "a"
"""From where an operator looks."""


class PodStack(Project):
    """A project whose cluster runs in a namespace of its own.

    Args:
        engine: the prepared engine.
        directory: of the project; deleted by `remove`.
        nodes: what the cluster runs on.
        arguments: further arguments of the StatefulSetCluster.
    """

    def __init__(self, engine: Engine, directory: Path, nodes: Cluster, arguments: Arguments) -> None:
        self.nodes = nodes
        base: Arguments = {
            "namespace": NAMESPACE,
            "namespace_uid": nodes.plane.make_namespace(NAMESPACE),
            "kubeconfig": str(nodes.plane.kubeconfig),
            "context": CONTEXT,
            "zones": ["a", "b", "c"],
            "directory": str(directory / "context"),
            "deadline_seconds": 240,
            **arguments,
        }
        super().__init__(engine, directory, PROGRAM, base, "nodes")

    def remove(self) -> None:
        """Destroy, and delete the directory."""
        try:
            self.destroy()
        finally:
            shutil.rmtree(self.directory)

    def pod(self, slot: str) -> dict[str, Any]:
        """The pod of a slot, as the API server has it."""
        return self.nodes.plane.request("GET", f"/api/v1/namespaces/{NAMESPACE}/pods/{NAME}-{slot}-0")

    def pods(self) -> dict[str, str]:
        """The node of every pod that is ready, by the pod's name."""
        return self.nodes.ready_pods(NAMESPACE)

    def containers(self, slot: str) -> dict[str, tuple[str, int]]:
        """ID and restarts of a pod's containers, by name."""
        statuses = self.pod(slot)["status"]["containerStatuses"]
        return {each["name"]: (str(each.get("containerID")), int(each["restartCount"])) for each in statuses}

    def objects(self, plural: str) -> list[dict[str, Any]]:
        """The objects of a kind in the namespace."""
        return self.nodes.plane.items(f"/api/v1/namespaces/{NAMESPACE}/{plural}")

    def steps(self, slot: str) -> list[str]:
        """The steps that the agent of a slot carried out, oldest first."""
        with Records(json.loads(self.context.read_text())["channel"]) as records:
            return [each["step"] for each in records.actions(slot) if each["event"] == "step"]

    def within(self, *command: str) -> list[str]:
        """A command where members' names resolve, and lead to them."""
        return self.nodes.named(ZONE, *command)

    def etcdctl(self, zone: str, *words: str) -> str:
        """Run etcdctl from the network of a zone's node."""
        known = json.loads(self.context.read_text())
        credentials = (f"--cacert={known['ca']}", f"--cert={known['cert']}", f"--key={known['key']}")
        program = str(self._engine.etcd / "etcdctl")
        command = [program, f"--endpoints={','.join(known['endpoints'])}", *credentials, *words]
        done = subprocess.run(self.nodes.named(zone, *command), capture_output=True, text=True, check=True, timeout=30)
        return done.stdout

    def last_words(self) -> str:
        """What the agents did, and what became of the pods, for a failed test."""
        told = []
        for pod in self.objects("pods"):
            status = pod["status"]
            waiting = [
                f"{each['name']}: {json.dumps(each.get('state'))}, before: {json.dumps(each.get('lastState'))}"
                for each in [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
            ]
            told.append(
                f"{pod['metadata']['name']} {status.get('phase')} {status.get('reason', '')}: {'; '.join(waiting)}"
            )
        events = [
            f"{each['involvedObject']['name']}: {each['reason']}: {each['message']}"
            for each in self.objects("events")
            if each["type"] != "Normal"
        ]
        logs = self.nodes.last_logs(NAMESPACE)
        return "\n".join([*told, *events, *logs, super().last_words() if self.context.exists() else ""])
