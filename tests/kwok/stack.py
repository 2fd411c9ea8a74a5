"""A stack with one cluster on nodes that are objects only, under the real engine; stand-ins serve for its agents."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pulumi_etcd.kubernetes.naming import SLOT_LABEL, ZONE_LABEL
from tests.engine.stacks import make_project
from tests.kwok.cluster import KwokPlane
from tests.servers.kubernetes import CONTEXT
from tests.standins.running import agents
from tools.engine import Engine

PROGRAM = """
import json
from pathlib import Path

import pulumi_etcd

declared = json.loads(Path("declaration.json").read_text())
getattr(pulumi_etcd, declared["component"])("demo", declared["arguments"])
"""


@dataclass(frozen=True)
class Claim:
    """A member's claim: which one it is, and what it is bound to."""

    uid: str
    volume: str
    zones: Sequence[str]
    """Where the volume can be mounted."""


class PodStack:
    """A cluster in a namespace of its own."""

    def __init__(self, engine: Engine, folder: Path, plane: KwokPlane) -> None:
        self.project = replace(make_project(engine, folder, "kwok"), timeout=180)
        self.project.write(PROGRAM)
        self.plane = plane
        self.namespace = f"n-{uuid.uuid4().hex}"
        self._uid = plane.make_namespace(self.namespace)
        self.kubeconfig = plane.kubeconfig
        """Of whoever runs Pulumi."""

    def up(self, component: str, arguments: dict[str, Any]) -> None:
        """Declare a component with these arguments and what says where it is, and have it so."""
        where = {"namespace": self.namespace, "namespace_uid": self._uid, "kubeconfig": str(self.kubeconfig)}
        declared = {**arguments, **where, "context": CONTEXT, "deadline_seconds": 120}
        content = {"component": component, "arguments": declared}
        (self.project.folder / "declaration.json").write_text(json.dumps(content))
        self.project.up()

    def agents(self) -> AbstractContextManager[object]:
        """Stand-in agents in this cluster's channel."""
        return agents(self.plane.connection(self.namespace, "demo"))

    def objects(self, plural: str) -> dict[str, dict[str, Any]]:
        """The objects of a kind in the namespace, by name."""
        found = self.plane.items(f"/api/v1/namespaces/{self.namespace}/{plural}")
        return {each["metadata"]["name"]: each for each in found}

    def placed(self) -> dict[str, str]:
        """The node of every pod that is ready, by slot; there is no slot with two pods."""
        pods, ready = self.objects("pods"), self.plane.ready_pods(self.namespace)
        slots = {name: str(pods[name]["metadata"]["labels"][SLOT_LABEL]) for name in ready if name in pods}
        assert len(set(slots.values())) == len(slots)
        return {slot: ready[name] for name, slot in slots.items()}

    def claims(self) -> dict[str, Claim]:
        """The bound claims, by slot."""
        volumes = self.plane.volumes()
        bound = [each for each in self.objects("persistentvolumeclaims").values() if each["status"]["phase"] == "Bound"]
        return {
            each["metadata"]["labels"][SLOT_LABEL]: Claim(
                each["metadata"]["uid"], each["spec"]["volumeName"], _zones(volumes[each["spec"]["volumeName"]])
            )
            for each in bound
        }

    def wait(self, what: str, is_so: Callable[[], bool]) -> None:
        """Wait until something is so, while the cluster runs."""
        self.plane.processes.wait_for(what, is_so, 60)


def _zones(volume: dict[str, Any]) -> list[str]:
    (term,) = volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    (only,) = term["matchExpressions"]
    assert (only["key"], only["operator"]) == (ZONE_LABEL, "In")
    return [str(each) for each in only["values"]]
