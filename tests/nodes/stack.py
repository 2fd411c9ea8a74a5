"""One stack with one cluster on real nodes, driven through the real engine."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from typing_extensions import Self

from etcd_ops.programs.cache import Cache
from tests.e2e.project import Arguments, Project
from tests.e2e.records import Records
from tests.nodes import images
from tests.nodes.cluster import Cluster
from tests.servers.kubernetes import CONTEXT, KubernetesServer
from tools import ROOT
from tools import engine as engines
from tools.engine import Engine

PROGRAM = Path(__file__).parent / "program"
NAMESPACE = "etcd"
PROJECT = "nodes"
"""Of Pulumi: part of every URN."""
NAME = "e2e"
"""Of the cluster, as `Project` declares it."""
SLOTS = ("a-1", "b-1", "c-1")
NEWER = "3.7.2"
"""The version that tests upgrade to."""
ZONE = "a"
"""From where an operator looks."""


class PodStack(Project):
    """A project whose cluster has its objects in a namespace of its own.

    Args:
        engine: the prepared engine.
        directory: of the project; deleted by `remove`.
        nodes: what the cluster runs on.
        arguments: further arguments of the component.
    """

    pause = 1.0  # what looks is a process that starts, beside all the others on two cores
    patience = 300.0
    component: ClassVar[str]
    """Name of the component's class."""

    def __init__(self, engine: Engine, directory: Path, nodes: Cluster, arguments: Arguments) -> None:
        self.nodes = nodes
        base: Arguments = {
            "namespace": NAMESPACE,
            "namespace_uid": nodes.plane.make_namespace(NAMESPACE),
            "kubeconfig": str(self.whose(nodes)),
            "context": CONTEXT,
            "etcd": {"image": images.etcd_image().reference},
            "agent": {"image": images.agent_image().reference},
            "directory": str(directory / "context"),
            "deadline_seconds": 360,
            **arguments,
        }
        super().__init__(engine, directory, PROGRAM, base, PROJECT)
        self.channel: tuple[KubernetesServer, str] = (nodes.plane, NAMESPACE)
        """The API server and the namespace that have the channel, where it is one of Kubernetes."""
        self.environment["E2E_COMPONENT"] = self.component

    @classmethod
    @contextmanager
    def on(cls, nodes: Cluster, arguments: Arguments, agent: Arguments | None = None) -> Iterator[Self]:
        """One that is up, removed with the block; `agent` has further settings of the agent."""
        for image in (images.agent_image(), images.etcd_image()):
            nodes.import_image(image)
        with tempfile.TemporaryDirectory(prefix="e2e-", ignore_cleanup_errors=True) as folder:
            made = cls(engines.prepare(Cache.of_user()), Path(folder, "project"), nodes, arguments)
            try:
                made.base["agent"].update(agent or {})
                made.restore()
                made.up()
                yield made
            finally:
                made.remove()

    def remove(self) -> None:
        """Destroy, and delete the directory."""
        try:
            self.destroy()
        finally:
            shutil.rmtree(self.directory)

    @contextmanager
    def beside(self, project: str) -> Iterator[Project]:
        """A stack of another project that declares the same; it is not up, and must not come up."""
        other = Project(self._engine, self.directory.with_name(project), PROGRAM, self.arguments, project)
        other.environment["E2E_COMPONENT"] = self.component
        try:
            yield other
        finally:
            shutil.rmtree(other.directory)

    def whose(self, nodes: Cluster) -> Path:
        """The kubeconfig of who runs Pulumi."""
        return nodes.plane.kubeconfig

    @abstractmethod
    def pod_name(self, slot: str) -> str:
        """The pod in which etcd runs."""

    @abstractmethod
    def placed(self, slots: Sequence[str]) -> Arguments:
        """Arguments by which there is a member in each of these slots, each in a zone of its own, and in no other."""

    @abstractmethod
    def remains(self, slot: str) -> list[str]:
        """What there is of the member of a slot, its agent included."""

    def place(self, slots: Sequence[str]) -> None:
        """Declare a member in each of these slots, and in no other."""
        self.declare(slots=None)
        self.declare(**self.placed(slots))

    def pod(self, slot: str) -> dict[str, Any]:
        """The pod of a slot, as the API server has it."""
        return self.nodes.plane.request("GET", f"/api/v1/namespaces/{NAMESPACE}/pods/{self.pod_name(slot)}")

    def pods(self) -> dict[str, str]:
        """The node of every pod that is ready, by the pod's name."""
        return self.nodes.ready_pods(NAMESPACE)

    def containers(self, slot: str) -> dict[str, tuple[str, int]]:
        """ID and restarts of a pod's containers, by name."""
        statuses = self.pod(slot)["status"]["containerStatuses"]
        return {each["name"]: (str(each.get("containerID")), int(each["restartCount"])) for each in statuses}

    def objects(self, plural: str, api: str = "api/v1") -> list[dict[str, Any]]:
        """The objects of a kind in the namespace."""
        return self.nodes.plane.items(f"/{api}/namespaces/{NAMESPACE}/{plural}")

    def steps(self, slot: str) -> list[str]:
        """The steps of the agent of a slot, oldest first; those included that ended it."""
        with Records(json.loads(self.context.read_text())["channel"]) as records:
            return [each["step"] for each in records.actions(slot) if each["event"] in ("step", "step interrupted")]

    def told(self) -> dict[str, Any]:
        """What `etcd-ops status --by-agents` says here, from where no pod can be reached; in order or not."""
        command = [str(ROOT / ".venv/bin/etcd-ops"), "status", "--by-agents", "--json", "--context", str(self.context)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode in (0, 1), done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    def upgrade(self, version: str) -> None:
        """To another version of etcd, by its image; every member is of it then, and in order."""
        image = images.etcd_image(version)
        self.nodes.import_image(image)
        self.up(etcd={"image": image.reference, "version": version})
        self.wait_in_order()
        assert {each["version"] for each in self.status()["members"]} == {version}

    def within(self, *command: str) -> list[str]:
        """A command where members' names resolve, and lead to them."""
        return self.nodes.named(ZONE, *command)

    def etcdctl(self, zone: str, *words: str) -> str:
        """Run etcdctl from the network of a zone's node."""
        done = self._etcdctl(zone, *words)
        done.check_returncode()
        return done.stdout

    def try_etcdctl(self, zone: str, *words: str) -> bool:
        """Whether etcdctl succeeds from the network of a zone's node."""
        return self._etcdctl(zone, *words).returncode == 0

    def _etcdctl(self, zone: str, *words: str) -> subprocess.CompletedProcess[str]:
        known = json.loads(self.context.read_text())
        credentials = (f"--cacert={known['ca']}", f"--cert={known['cert']}", f"--key={known['key']}")
        program = str(self._engine.etcd / "etcdctl")
        endpoints = () if any(each.startswith("--endpoints=") for each in words) else (",".join(known["endpoints"]),)
        command = [program, *(f"--endpoints={each}" for each in endpoints), *credentials, *words]
        return subprocess.run(self.nodes.named(zone, *command), capture_output=True, text=True, check=False, timeout=60)

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
