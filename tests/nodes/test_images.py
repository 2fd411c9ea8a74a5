"""The images on nodes: known by digest, and run by pods that may do nothing."""

from __future__ import annotations

from typing import Any

import pytest

from etcd_ops.programs import etcd
from tests.nodes.cluster import Cluster
from tests.nodes.images import agent_image, etcd_image
from tests.nodes.test_cluster import until

pytestmark = [pytest.mark.nodes, pytest.mark.soak, pytest.mark.timeout(300)]

PODS = "/api/v1/namespaces/default/pods"
NEWER = "3.7.2"
IMPORTS = "import etcd_ops.cli, etcd_ops.agent.main, etcd_ops.channel.kubernetes, boto3"


def container(name: str, image: str, *command: str) -> dict[str, Any]:
    """One that may do nothing but run."""
    return {
        "name": name, "image": image, "command": list(command), "imagePullPolicy": "IfNotPresent",
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": "programs", "mountPath": "/programs"}],
        "securityContext": {
            "readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]},
        },
    }  # fmt: skip


def installing(image: str) -> list[dict[str, Any]]:
    """Containers that bring etcd from its image to those of the agent's."""
    agent, own = agent_image().reference, "/programs/install-program"
    return [
        container("provide", agent, "install-program", "/usr/local/bin/install-program", own),
        container("etcd-program", image, own, "/usr/local/bin/etcd", "/programs/digest/etcd"),
    ]


def pod(name: str, zone: str, image: str) -> dict[str, Any]:
    agent = agent_image().reference
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {
            "restartPolicy": "Never", "automountServiceAccountToken": False,
            "nodeSelector": {"topology.kubernetes.io/zone": zone},
            "securityContext": {
                "runAsNonRoot": True, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "volumes": [{"name": "programs", "emptyDir": {}}],
            "initContainers": installing(image),
            "containers": [
                container("imports", agent, "python3", "-c", IMPORTS),
                container("command", agent, "etcd-ops", "--help"),
                container("etcd", agent, "/programs/digest/etcd", "--version"),
            ],
        },
    }  # fmt: skip


def run(cluster: Cluster, name: str, zone: str, image: str) -> None:
    """Run a pod to its end, which has to be a good one."""
    cluster.plane.request("POST", PODS, pod(name, zone, image))
    try:
        ended = until(lambda: end(cluster, name), within=90)
        assert ended["phase"] == "Succeeded", ended
    finally:
        cluster.plane.request("DELETE", f"{PODS}/{name}")


def end(cluster: Cluster, name: str) -> dict[str, Any]:
    """The status of a pod that has ended; empty before."""
    status: dict[str, Any] = cluster.plane.request("GET", f"{PODS}/{name}")["status"]
    return status if status.get("phase") in {"Succeeded", "Failed"} else {}


@pytest.fixture(scope="module")
def ready(running: Cluster) -> Cluster:
    until(lambda: bool(running.plane.items("/api/v1/namespaces/default/serviceaccounts")))
    return running


def test_pods_without_rights_run_both_images_by_digest(ready: Cluster) -> None:
    run(ready, "images", "b", etcd_image().reference)


def test_an_image_is_brought_to_the_nodes_later(ready: Cluster) -> None:
    assert NEWER in etcd.versions()
    ready.import_image(etcd_image(NEWER))
    run(ready, "newer", "c", etcd_image(NEWER).reference)
