"""The cluster of nodes by itself: what later tests stand on."""

from __future__ import annotations

import json
import os
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.nodes.cluster import Cluster
from tests.nodes.images import etcd_image
from tests.nodes.node import Node
from tests.runtime.member import eventually

pytestmark = [pytest.mark.nodes, pytest.mark.soak, pytest.mark.timeout(300)]


until = partial(eventually, within=180.0, pause=0.2)


def static_pod(node: Node, members: dict[str, Node]) -> dict[str, Any]:
    """An etcd member without agent or certificates, on the node's own network."""
    at = f"http://{node.zone.address}"
    peers = ",".join(f"{zone}=http://{each.zone.address}:2380" for zone, each in members.items())
    options = {
        "name": node.zone.name, "data-dir": "/data", "initial-cluster": peers,
        "listen-client-urls": f"{at}:2379", "advertise-client-urls": f"{at}:2379",
        "listen-peer-urls": f"{at}:2380", "initial-advertise-peer-urls": f"{at}:2380",
    }  # fmt: skip
    probe = {"httpGet": {"host": node.zone.address, "port": 2379, "path": "/readyz"}, "periodSeconds": 1}
    container = {
        "name": "etcd", "image": etcd_image().name, "imagePullPolicy": "Never", "readinessProbe": probe,
        "command": ["/usr/local/bin/etcd", *(f"--{name}={value}" for name, value in options.items())],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }  # fmt: skip
    volume = {"name": "data", "hostPath": {"path": str(node.directory / "data"), "type": "DirectoryOrCreate"}}
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "etcd", "namespace": "kube-system"},
        "spec": {"hostNetwork": True, "containers": [container], "volumes": [volume]},
    }  # fmt: skip


def pid_of_etcd(node: Node) -> int:
    tasks = node.ctr("tasks", "ls").stdout
    pids = [int(line.split()[1]) for line in tasks.splitlines()[1:]]
    return next(pid for pid in pids if Path(f"/proc/{pid}/comm").read_text().strip() == "etcd")


@pytest.fixture(scope="module")
def members(running: Cluster) -> Cluster:
    """A member of etcd as a static pod on every node."""
    for node in running.nodes.values():
        (node.manifests / "etcd.json").write_text(json.dumps(static_pod(node, running.nodes)))
    until(lambda: len(running.ready_pods("kube-system")) == 3)
    return running


def test_a_node_is_ready_in_every_zone(running: Cluster) -> None:
    zones = {
        node["metadata"]["name"]: node["metadata"]["labels"]["topology.kubernetes.io/zone"]
        for node in running.plane.items("/api/v1/nodes")
    }
    assert zones == {"node-a": "a", "node-b": "b", "node-c": "c"}
    assert running.ready_nodes() == set(zones)


def test_static_pods_form_a_cluster_of_etcd(members: Cluster) -> None:
    assert set(members.ready_pods("kube-system").values()) == {"node-a", "node-b", "node-c"}


def test_a_killed_member_is_started_again_by_its_kubelet(members: Cluster) -> None:
    node = members.nodes["a"]
    before = pid_of_etcd(node)
    os.kill(before, signal.SIGKILL)
    until(lambda: "etcd-node-a" not in members.ready_pods("kube-system"))
    until(lambda: len(members.ready_pods("kube-system")) == 3)
    assert pid_of_etcd(node) != before


def test_containers_go_on_without_their_kubelet(members: Cluster) -> None:
    node = members.nodes["b"]
    before = pid_of_etcd(node)
    node.kill_kubelet()
    until(lambda: "node-b" not in members.ready_nodes())
    assert pid_of_etcd(node) == before
    node.start_kubelet(members.plane.kubeconfig_of(node))
    until(lambda: "node-b" in members.ready_nodes())
    assert pid_of_etcd(node) == before


def test_a_zone_is_cut_off_and_healed(members: Cluster) -> None:
    node = members.nodes["c"]
    node.zone.cut()
    try:
        until(lambda: members.ready_nodes() == {"node-a", "node-b"})
    finally:
        node.zone.heal()
    until(lambda: len(members.ready_nodes()) == 3)
    until(lambda: len(members.ready_pods("kube-system")) == 3)
