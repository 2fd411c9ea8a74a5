"""The planned objects on a real API server: it takes them all, and agents may do what they need and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any

import httpx2
import pytest

from etcd_ops.channel.kubernetes import KubernetesChannel, KubernetesConnection
from etcd_ops.channel.port import CONTROLS, DESIRED, FORMATION, LOCK, ChannelUnavailable, log_name, status_name
from pulumi_etcd.stateful_sets.declaration import Declaration
from tests.components.kubernetes_objects import ACCESS, NAMESPACE, changed, may, path
from tests.components.stateful_sets import declaration, objects
from tests.servers.kubernetes import KubernetesServer, kubernetes_server

RICH: Mapping[str, Any] = {
    "storage_class": "fast",
    "priority_class_name": "system-cluster-critical",
    "tolerations": [
        {"key": "etcd", "operator": "Equal", "value": "only", "effect": "NoExecute", "toleration_seconds": 9},
        {"operator": "Exists"},
    ],
    "clients": [{"namespace_labels": {"team": "shop"}, "pod_labels": {"app": "shop"}}, {"namespace_labels": {}}],
    "metrics_clients": [],
}  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubernetesServer]:
    with kubernetes_server(tmp_path_factory.mktemp("kubernetes"), address="127.43.0.6") as running:
        running.make_namespace(NAMESPACE)
        yield running


def declared(**changes: Any) -> Declaration:
    """With values in Base64 where a Secret wants them."""
    return declaration(namespace=NAMESPACE, **changes)


@pytest.mark.parametrize("size", [1, 3, 5])
@pytest.mark.parametrize("changes", [{}, RICH], ids=["plain", "rich"])
def test_every_object_is_valid(server: KubernetesServer, size: int, changes: Mapping[str, Any]) -> None:
    for each in objects(declared(size=size, **changes)):
        assert changed(server, each) == []


def test_a_field_that_is_misspelt_is_not_valid(server: KubernetesServer) -> None:
    """Proves that the server looks."""
    stateful_set = next(each for each in objects(declared()) if each["kind"] == "StatefulSet")
    stateful_set["spec"]["template"]["spec"]["nodeSelectors"] = {}
    with pytest.raises(httpx2.HTTPStatusError):
        changed(server, stateful_set)


@pytest.fixture(scope="module")
def this(server: KubernetesServer) -> Declaration:
    """A cluster whose roles are in force."""
    made = declared()
    for each in objects(made):
        if each["kind"] in ACCESS:
            server.request("POST", path(each), each)
    return made


def agent(server: KubernetesServer, slot: str) -> KubernetesChannel:
    """The channel, as the agent of a slot reaches it."""
    account = server.kubeconfig_for(f"system:serviceaccount:{NAMESPACE}:demo-{slot}")
    return channel({**server.connection(NAMESPACE, "demo"), "kubeconfig": str(account)})


def channel(connection: Mapping[str, Any]) -> KubernetesChannel:
    parsed = KubernetesConnection.model_validate(connection)
    return KubernetesChannel(parsed.place, parsed.cluster)


def run(call: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(call)


def test_an_agent_can_do_all_that_it_needs(server: KubernetesServer, this: Declaration) -> None:
    stack = channel(server.connection(NAMESPACE, "demo"))
    run(stack.put(DESIRED, b"{}"))
    for slot in ("a-1", "b-1"):
        own = agent(server, slot)
        assert run(own.read(DESIRED)).data == b"{}"
        assert run(own.read(CONTROLS)) is None
        for content in (b"1", b"2"):
            run(own.put(status_name(slot), content))
            run(own.put(log_name(slot), content))
        for name in (FORMATION, LOCK):
            found = run(own.read(name))
            tag = run(own.create(name, b"{}")) if found is None else found.tag
            run(own.replace(name, f'{{"by": "{slot}"}}'.encode(), tag))
    assert run(agent(server, "a-1").names("status/")) == (status_name("a-1"), status_name("b-1"))
    assert run(agent(server, "a-1").read(status_name("b-1"))).data == b"2"


Call = Callable[[KubernetesChannel], Coroutine[Any, Any, Any]]
FORBIDDEN: Mapping[str, Call] = {
    "write the document": lambda own: own.put(DESIRED, b"mine"),
    "delete the document": lambda own: own.delete(DESIRED),
    "write another's status": lambda own: own.put(status_name("b-1"), b"mine"),
    "write another's log": lambda own: own.put(log_name("b-1"), b"mine"),
    "write orders": lambda own: own.put(CONTROLS, b"mine"),
    "delete its own status": lambda own: own.delete(status_name("a-1")),
    "delete the lock": lambda own: own.delete(LOCK),
    "delete the formation record": lambda own: own.delete(FORMATION),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_an_agent_can_do_nothing_else_in_the_channel(server: KubernetesServer, this: Declaration, what: str) -> None:
    stack = channel(server.connection(NAMESPACE, "demo"))
    for name in (DESIRED, CONTROLS, status_name("a-1"), status_name("b-1"), log_name("b-1")):
        run(stack.put(name, b"{}"))
    for name in (LOCK, FORMATION):
        if run(stack.read(name)) is None:
            run(stack.create(name, b"{}"))
    with pytest.raises(ChannelUnavailable, match="403"):
        run(FORBIDDEN[what](agent(server, "a-1")))


@pytest.mark.parametrize(
    ("verb", "group", "resource", "name", "allowed"),
    [
        ("get", "apps", "statefulsets", "demo-a-1", True),
        ("get", "apps", "statefulsets", "demo-b-1", False),
        ("update", "apps", "statefulsets", "demo-a-1", False),
        ("patch", "apps", "statefulsets", "demo-a-1", False),
        ("delete", "apps", "statefulsets", "demo-a-1", False),
        ("get", "", "pods", "demo-a-1-0", True),
        ("delete", "", "pods", "demo-a-1-0", True),
        ("delete", "", "pods", "demo-b-1-0", False),
        ("list", "", "pods", "", False),
        ("create", "", "pods/exec", "demo-a-1-0", False),
        ("get", "", "secrets", "demo-a-1-credentials", False),
        ("list", "", "secrets", "", False),
        ("delete", "", "persistentvolumeclaims", "data-demo-a-1-0", False),
        ("create", "", "serviceaccounts/token", "demo-a-1", False),
        ("update", "rbac.authorization.k8s.io", "roles", "demo-a-1", False),
        ("get", "", "namespaces", NAMESPACE, True),
        ("delete", "", "namespaces", NAMESPACE, False),
    ],
)  # fmt: skip
def test_what_the_api_server_says_that_an_agent_may_do(
    server: KubernetesServer, this: Declaration, verb: str, group: str, resource: str, name: str, allowed: bool
) -> None:
    assert may(server, "demo-a-1", verb, group, resource, name) is allowed
