"""A StaticPodCluster on real nodes."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from etcd_ops.runtime.foreign import holder
from etcd_ops.volume.layout import VolumeLayout
from etcd_ops.zone.process import send
from tests.e2e.project import Arguments
from tests.nodes.cluster import DIRECTORY, Cluster
from tests.nodes.node import Node
from tests.nodes.operator import operator
from tests.nodes.stack import NAME, NAMESPACE, SLOTS, PodStack


def place(nodes: Cluster, slot: str) -> dict[str, Any]:
    """Where a slot stands."""
    node = nodes.nodes[slot[0]]
    manifests = str(node.manifests)
    return {"zone": slot[0], "node": node.name, "address": node.zone.address, "manifest_directory": manifests}


def folder(what: str) -> Path:
    """On the machine that all of the nodes are on."""
    return DIRECTORY / what / f"{NAMESPACE}.{NAME}"


class StaticPodStack(PodStack):
    """With a StaticPodCluster."""

    component = "StaticPodCluster"

    def whose(self, nodes: Cluster) -> Path:
        """Of an account that may do what the example's roles say."""
        return operator(nodes.plane, NAMESPACE)

    def pod_name(self, slot: str) -> str:
        """The mirror of the static pod."""
        return f"{NAME}-{slot}-{self.node(slot).name}"

    def node(self, slot: str) -> Node:
        """The node of a slot."""
        return self.nodes.nodes[slot[0]]

    def wipe(self, slot: str) -> None:
        """Delete a member's data, and end its etcd at once."""
        data = VolumeLayout(folder("volumes") / slot).data
        process = holder(data)
        if process is None:
            raise LookupError(f"no etcd of {slot} runs")
        shutil.rmtree(data)
        send(process, signal.SIGKILL)

    def lose_power_and_return(self) -> None:
        """All nodes at once, without an API server of theirs; returns when etcd serves, which needs none."""
        for slot in SLOTS:
            self.node(slot).lose_power()
        shutil.rmtree(folder("runs"))
        gone = [VolumeLayout(folder("volumes") / slot).data for slot in SLOTS]
        self.eventually(lambda: all(holder(data) is None for data in gone), "etcd has ended")
        for slot in SLOTS:
            self.node(slot).start_kubelet(self.nodes.plane.kubeconfig_of(self.node(slot)))
        self.eventually(lambda: self.try_etcdctl("a", "endpoint", "health"), "etcd without an API server")

    def manifest(self, slot: str) -> Path:
        """The file from which the kubelet runs a slot's static pod."""
        return self.node(slot).manifests / f"{NAMESPACE}.{NAME}.{slot}.json"

    def agent_pods(self) -> dict[str, str]:
        """UID of the pod of every agent, by slot."""
        return {slot: each["uid"] for slot, each in self._agents().items()}

    def agent_pod(self, slot: str) -> str:
        """Name of the pod of a slot's agent."""
        return str(self._agents()[slot]["name"])

    def _agents(self) -> dict[str, dict[str, Any]]:
        """Metadata of the pod of every agent, by slot."""
        found = (each["metadata"] for each in self.objects("pods"))
        return {
            each["labels"]["pulumi-etcd.dev/slot"]: each
            for each in found
            if each["labels"].get("app.kubernetes.io/component") == "agent"
        }

    def placed(self, slots: Sequence[str]) -> Arguments:
        """On the nodes of their zones."""
        return {"slots": {slot: place(self.nodes, slot) for slot in slots}}

    def remains(self, slot: str) -> list[str]:
        """Files on its node, and the pod of its agent."""
        files = [*self.node(slot).manifests.iterdir(), folder("volumes") / slot, folder("runs") / slot]
        return [*(str(each) for each in files if each.exists()), *(each for each in self._agents() if each == slot)]
