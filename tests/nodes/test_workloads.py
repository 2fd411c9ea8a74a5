"""What platforms build on: volumes, names and Services of the cluster of nodes."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from etcd_ops.programs import etcd
from tests.nodes.cluster import Cluster
from tests.nodes.images import etcd_image
from tests.nodes.test_cluster import until

pytestmark = [pytest.mark.nodes, pytest.mark.soak, pytest.mark.timeout(300)]

NAMESPACE = "default"
SLOTS = {"a-1": "a", "b-1": "b", "c-1": "c"}
SHARED = {"app": "etcd"}


def stateful_set(slot: str, zone: str) -> dict[str, Any]:
    """One member with a volume of its own, pinned to a zone, known to the others by name."""
    at = f"http://etcd-{slot}-0.etcd.{NAMESPACE}.svc.cluster.local"
    peers = ",".join(f"{each}=http://etcd-{each}-0.etcd.{NAMESPACE}.svc.cluster.local:2380" for each in SLOTS)
    options = {
        "name": slot, "data-dir": "/data/etcd", "initial-cluster": peers,
        "listen-client-urls": "http://0.0.0.0:2379", "advertise-client-urls": f"{at}:2379",
        "listen-peer-urls": "http://0.0.0.0:2380", "initial-advertise-peer-urls": f"{at}:2380",
    }  # fmt: skip
    container = {
        "name": "etcd", "image": etcd_image().name, "imagePullPolicy": "Never",
        "command": ["/usr/local/bin/etcd", *(f"--{name}={value}" for name, value in options.items())],
        "readinessProbe": {"httpGet": {"port": 2379, "path": "/readyz"}, "periodSeconds": 1},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }  # fmt: skip
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    labels = {**SHARED, "slot": slot}
    pod = {"nodeSelector": {"topology.kubernetes.io/zone": zone}, "containers": [container]}
    return {
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": f"etcd-{slot}"},
        "spec": {
            "replicas": 1, "serviceName": "etcd", "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod}, "volumeClaimTemplates": [claim],
        },
    }  # fmt: skip


def service(name: str, **details: Any) -> dict[str, Any]:
    ports = [{"name": "client", "port": 2379}, {"name": "peer", "port": 2380}]
    spec = {"selector": SHARED, "ports": ports, **details}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


@pytest.fixture(scope="module")
def members(running: Cluster) -> Cluster:
    """Three members, each a StatefulSet."""
    core, apps = f"/api/v1/namespaces/{NAMESPACE}", f"/apis/apps/v1/namespaces/{NAMESPACE}"
    until(lambda: bool(running.plane.items(f"{core}/serviceaccounts")))
    running.plane.request("POST", f"{core}/services", service("etcd", clusterIP="None", publishNotReadyAddresses=True))
    running.plane.request("POST", f"{core}/services", service("etcd-client"))
    for slot, zone in SLOTS.items():
        running.plane.request("POST", f"{apps}/statefulsets", stateful_set(slot, zone))
    until(lambda: len(running.ready_pods(NAMESPACE)) == 3, within=120)
    return running


def etcdctl(cluster: Cluster, *words: str) -> str:
    """Through the Service's address, from the network of a node."""
    core = f"/api/v1/namespaces/{NAMESPACE}"
    address = cluster.plane.request("GET", f"{core}/services/etcd-client")["spec"]["clusterIP"]
    program = str(etcd.obtain(etcd.DEFAULT) / "etcdctl")
    command = cluster.nodes["a"].zone.inside(program, f"--endpoints=http://{address}:2379", *words)
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout


def test_members_are_where_they_are_pinned_and_find_each_other(members: Cluster) -> None:
    assert members.ready_pods(NAMESPACE) == {f"etcd-{slot}-0": f"node-{zone}" for slot, zone in SLOTS.items()}
    assert len(etcdctl(members, "member", "list").splitlines()) == 3


def test_a_pod_comes_back_with_its_volume(members: Cluster) -> None:
    etcdctl(members, "put", "key", "value")
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/etcd-b-1-0"
    before = members.plane.request("GET", path)["metadata"]["uid"]
    members.plane.request("DELETE", path)
    until(lambda: members.ready_pods(NAMESPACE).get("etcd-b-1-0") is None)
    until(lambda: len(members.ready_pods(NAMESPACE)) == 3)
    assert members.plane.request("GET", path)["metadata"]["uid"] != before
    assert etcdctl(members, "get", "key", "--print-value-only").strip() == "value"
    assert len(etcdctl(members, "member", "list").splitlines()) == 3
