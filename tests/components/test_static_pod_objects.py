"""The planned objects on a real API server: it takes them all, and agents may do what they need and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2
import pytest

from etcd_ops.pod import places
from pulumi_etcd.kubernetes.manifests import Manifest
from pulumi_etcd.static_pods.declaration import Declaration
from pulumi_etcd.static_pods.removal import removal_pod
from tests.components.kubernetes_objects import ACCESS, NAMESPACE, changed, may, path
from tests.components.stateful_sets import AGENT, of_kind
from tests.components.static_pods import declaration, objects, place
from tests.servers.kubernetes import KubernetesServer, kubernetes_server

RICH: Mapping[str, Any] = {
    "slots": {"a-1": place("a", 1, manifest_directory="/etc/static")},
    "base_port": 12379,
    "priority_class_name": "system-cluster-critical",
    "resources": {"etcd": {"cpu": "2", "memory": "1Gi"}, "agent": {"cpu": "100m"}},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubernetesServer]:
    with kubernetes_server(tmp_path_factory.mktemp("kubernetes"), address="127.43.0.8") as running:
        running.make_namespace(NAMESPACE)
        running.request("POST", f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts", {"metadata": {"name": "default"}})
        yield running


def static_pods(this: Declaration) -> list[Manifest]:
    maps = of_kind(objects(this), "ConfigMap").values()
    return [json.loads(each["data"][places.STATIC_POD]) for each in maps if places.STATIC_POD in each["data"]]


@pytest.mark.parametrize("changes", [{}, RICH], ids=["plain", "rich"])
def test_every_object_is_valid(server: KubernetesServer, changes: Mapping[str, Any]) -> None:
    for each in objects(declaration(namespace=NAMESPACE, **changes)):
        assert changed(server, each) == []


@pytest.mark.parametrize("changes", [{}, RICH], ids=["plain", "rich"])
def test_every_static_pod_is_valid(server: KubernetesServer, changes: Mapping[str, Any]) -> None:
    """Its kubelet would not tell anybody."""
    pods = static_pods(declaration(namespace=NAMESPACE, **changes))
    assert pods
    for each in pods:
        assert changed(server, each) == []
        each["spec"]["hostNetworks"] = True
        with pytest.raises(httpx2.HTTPStatusError):
            changed(server, each)


def test_the_pod_that_takes_a_member_off_its_node_is_valid(server: KubernetesServer) -> None:
    member = {
        "name": "demo-a-1", "namespace": NAMESPACE, "slot": "a-1", "node": "node-a", "image": AGENT,
        "manifests": "/etc/static", "file": "orders.demo.a-1.json", "volumes": "/srv/demo", "runs": "/run/demo",
    }  # fmt: skip
    assert changed(server, removal_pod(member)) == []


@pytest.fixture(scope="module")
def this(server: KubernetesServer) -> Declaration:
    """A cluster whose roles are in force."""
    made = declaration(namespace=NAMESPACE)
    for each in objects(made):
        if each["kind"] in ACCESS:
            server.request("POST", path(each), each)
    return made


@pytest.mark.parametrize(
    ("verb", "group", "resource", "name", "allowed"),
    [
        ("get", "apps", "daemonsets", "demo-a-1", True),
        ("get", "apps", "daemonsets", "demo-b-1", False),
        ("update", "apps", "daemonsets", "demo-a-1", False),
        ("delete", "apps", "daemonsets", "demo-a-1", False),
        ("get", "", "pods", "demo-a-1-x7k2p", True),
        ("delete", "", "pods", "demo-a-1-x7k2p", True),
        ("create", "", "pods", "", False),
        ("list", "", "pods", "", False),
        ("create", "", "pods/exec", "demo-a-1-x7k2p", False),
        ("get", "", "secrets", "demo-a-1-credentials", False),
        ("list", "", "secrets", "", False),
        ("update", "", "configmaps", "demo-a-1", False),
        ("update", "", "configmaps", "demo.status.b-1", False),
        ("create", "", "serviceaccounts/token", "demo-a-1", False),
        ("get", "", "nodes", "node-a", False),
        ("get", "", "namespaces", NAMESPACE, True),
    ],
)  # fmt: skip
def test_what_the_api_server_says_that_an_agent_may_do(
    server: KubernetesServer, this: Declaration, verb: str, group: str, resource: str, name: str, allowed: bool
) -> None:
    assert may(server, "demo-a-1", verb, group, resource, name) is allowed
