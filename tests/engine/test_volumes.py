"""Volumes of a StatefulSetCluster that grow, under the real engine and against a real API server without nodes.

No agent ever answers: every `up` ends with the Rollout's deadline, once everything else is done.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.channel.connect import connect
from etcd_ops.channel.port import DESIRED
from etcd_ops.model.spec import Desired
from tests.components.stateful_sets import arguments
from tests.engine.stacks import make_project
from tests.servers.kubernetes import CONTEXT, KubernetesServer
from tools.engine import Engine

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900), pytest.mark.xdist_group("kubernetes-plugin")]
PROGRAM = """
import json
from pathlib import Path

from pulumi_etcd import StatefulSetCluster

StatefulSetCluster("demo", json.loads(Path("arguments.json").read_text()))
"""
GIB = 1024**3
CLAIM = "data-demo-a-1-0"
MERGE = "application/merge-patch+json"
FAILED = {"Rollout": "update"}
"""What is left to be done where nobody answers."""


class VolumeStack:
    """A cluster of one member, whose claim a test makes in the place of a controller."""

    def __init__(self, engine: Engine, folder: Path, server: KubernetesServer) -> None:
        self.project = make_project(engine, folder, "volumes")
        self.project.write(PROGRAM)
        self.server = server
        self.namespace = f"n-{uuid.uuid4().hex}"
        self.storage_class = f"class-{uuid.uuid4().hex}"
        self.uid = server.make_namespace(self.namespace)
        content = {"metadata": {"name": self.storage_class}, "provisioner": "example.com/disk"}
        server.request("POST", "/apis/storage.k8s.io/v1/storageclasses", content)
        self.let_grow(allowed=True)

    def let_grow(self, *, allowed: bool) -> None:
        """Whether volumes of the class may grow."""
        path = f"/apis/storage.k8s.io/v1/storageclasses/{self.storage_class}"
        self.server.request("PATCH", path, {"allowVolumeExpansion": allowed}, MERGE)

    def declare(self, volume_bytes: int) -> None:
        """Write the program's arguments."""
        declared = arguments(
            namespace=self.namespace,
            namespace_uid=self.uid,
            kubeconfig=str(self.server.kubeconfig),
            context=CONTEXT,
            zones=["a"],
            size=1,
            storage_class=self.storage_class,
            volume_bytes=volume_bytes,
            deadline_seconds=1,
        )
        (self.project.folder / "arguments.json").write_text(json.dumps(declared))

    def up(self) -> None:
        """Until the Rollout has waited long enough."""
        assert "a-1" in self.project.fail("up", "--yes", "--skip-preview")

    def changes(self) -> dict[str, str]:
        """What a preview would do, by the resource's type."""
        plan = json.loads(self.project.succeed_quietly("preview", "--json"))
        return {_type(each["urn"]): each["op"] for each in plan["steps"] if each["op"] != "same"}

    def stateful_set(self) -> dict[str, Any]:
        """The member's."""
        return self.server.request("GET", f"/apis/apps/v1/namespaces/{self.namespace}/statefulsets/demo-a-1")

    @property
    def claims(self) -> str:
        """Path of the namespace's claims."""
        return f"/api/v1/namespaces/{self.namespace}/persistentvolumeclaims"

    def make_claim(self, size: int) -> None:
        """As the StatefulSet's controller and a storage driver do."""
        requests = {"requests": {"storage": str(size)}}
        spec = {"accessModes": ["ReadWriteOnce"], "resources": requests, "storageClassName": self.storage_class}
        found = self.server.request("POST", self.claims, {"metadata": {"name": CLAIM}, "spec": spec})
        found["status"] = {"phase": "Bound", "capacity": {"storage": str(size)}}
        self.server.request("PUT", f"{self.claims}/{CLAIM}/status", found)

    def lose_claim(self) -> None:
        """As where somebody deletes it, and no pod uses it."""
        self.server.request("PATCH", f"{self.claims}/{CLAIM}", {"metadata": {"finalizers": None}}, MERGE)
        self.server.request("DELETE", f"{self.claims}/{CLAIM}")

    def asked(self) -> str:
        """What the claim asks for."""
        found = self.server.request("GET", f"{self.claims}/{CLAIM}")
        return str(found["spec"]["resources"]["requests"]["storage"])

    def declared(self) -> int:
        """The size that the desired document has."""
        channel = connect(self.server.connection(self.namespace, "demo"))
        entry = asyncio.run(channel.read(DESIRED))
        assert entry is not None
        return int(Desired.decode(entry.data).body["members"]["a-1"]["volumeBytes"])


def _type(urn: str) -> str:
    return urn.split("::")[2].rpartition(":")[2]


@pytest.fixture(scope="module")
def stack(engine: Engine, tmp_path_factory: pytest.TempPathFactory, server: KubernetesServer) -> VolumeStack:
    """Whose member has a volume."""
    made = VolumeStack(engine, tmp_path_factory.mktemp("volumes") / "project", server)
    made.declare(10 * GIB)
    made.up()
    made.make_claim(10 * GIB)
    return made


def test_what_cannot_grow_or_would_shrink_is_refused_at_preview(stack: VolumeStack) -> None:
    size = stack.declared()
    stack.declare(size - 1)
    assert "volumeBytes: cannot change from" in stack.project.fail("preview")
    stack.let_grow(allowed=False)
    stack.declare(2 * size)
    refused = (
        f"volumeBytes: volume claim {CLAIM} is of the storage class {stack.storage_class}, whose volumes do not grow"
    )
    assert refused in stack.project.fail("preview")
    assert (stack.asked(), stack.declared()) == (str(size), size)
    stack.let_grow(allowed=True)


def test_a_volume_grows_and_its_stateful_set_stays(stack: VolumeStack) -> None:
    made, size = stack.stateful_set(), stack.declared()
    stack.declare(2 * size)
    assert stack.changes() == FAILED | {"StatefulSetCluster": "update", "StatefulSetMember": "update"}
    stack.up()
    assert (stack.asked(), stack.declared()) == (str(2 * size), 2 * size)
    stack.lose_claim()
    stack.make_claim(size)  # by the template of the first day
    assert stack.changes() == FAILED | {"StatefulSetMember": "update"}
    stack.up()
    assert stack.asked() == str(2 * size)
    assert stack.changes() == FAILED
    assert stack.stateful_set() == made
