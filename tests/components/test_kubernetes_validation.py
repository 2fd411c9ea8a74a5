"""Every object that a program with a cluster puts into Kubernetes is one that a real API server takes as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2
import pytest

from etcd_ops.channel.kubernetes_kinds import kind_of, manifest
from etcd_ops.channel.port import CONTROLS, DESIRED, FORMATION, LOCK, log_name, status_name
from etcd_ops.pod.places import AGENT_POD, STATIC_POD
from pulumi_etcd import StatefulSetClusterArgs, StaticPodClusterArgs
from pulumi_etcd.kubernetes.manifests import Manifest
from pulumi_etcd.static_pods.installation import installation_pod, installation_secret
from pulumi_etcd.static_pods.removal import removal_pod
from tests.components import stateful_sets, static_pods
from tests.components.every_argument import (
    ELSEWHERE,
    ON_MACHINES,
    STATEFUL_SETS,
    STATIC_AGENTS,
    STATIC_PODS,
    given,
    optional,
)
from tests.components.kubernetes_objects import KINDS, kept, path, static_pods_in
from tests.components.recorder import Recording
from tests.servers.kubernetes import KubernetesServer

pytestmark = pytest.mark.xdist_group("kubernetes-objects")
NAMESPACE = "valid"
STRICT, APPLY = "dryRun=All&fieldValidation=Strict", "application/apply-patch+yaml"
RECORDED = {
    **{f"StatefulSetCluster: {name}": (stateful_sets, changes) for name, changes in STATEFUL_SETS.items()},
    **{f"StaticPodCluster: {name}": (static_pods, changes) for name, changes in STATIC_PODS.items()},
}


@pytest.fixture(scope="module")
def namespace(server: KubernetesServer) -> str:
    """With what the service account controller puts into each."""
    server.make_namespace(NAMESPACE)
    account = {"metadata": {"name": "default"}, "automountServiceAccountToken": False}
    server.request("POST", f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts", account)
    return NAMESPACE


def put(recording: Recording) -> Iterator[Manifest]:
    """The objects that the plugin `kubernetes` is asked to put, and those that come of them on nodes."""
    for each in recording.resources:
        if each.type.startswith("kubernetes:"):
            yield each.inputs
            yield from static_pods_in(each.inputs)
        if each.type.endswith(":StaticPodMember"):
            yield removal_pod(each.inputs, "0" * 32)
        if each.type.endswith(":StaticPodInstallation"):
            yield installation_secret(each.inputs)
            yield installation_pod(each.inputs, "0" * 64, anew=True)
            yield from (json.loads(each.inputs["files"]["config"][name]) for name in (STATIC_POD, AGENT_POD))


def send(server: KubernetesServer, method: str, found: Manifest) -> Manifest:
    """What the server would make of an object.

    Raises:
        httpx2.HTTPStatusError: the object is not valid, or has a field that does not exist.
    """
    if method == "POST":
        return server.request(method, f"{path(found)}?{STRICT}", found)
    return server.request(method, f"{path(found)}/{found['metadata']['name']}?{STRICT}&fieldManager=test", found, APPLY)


@pytest.mark.parametrize("what", RECORDED)
def test_every_object_is_valid(server: KubernetesServer, namespace: str, what: str) -> None:
    """As it is put by server-side apply, which the plugin does; pods are made by other means."""
    module, changes = RECORDED[what]
    found = list(put(module.recorded(namespace=namespace, **changes)))
    kinds = {each["kind"] for each in found}
    least = {"Service", "ServiceAccount", "Role", "RoleBinding", "ConfigMap", "Secret"}
    assert ({"Pod", "Secret"} if what.endswith(STATIC_AGENTS) else least) <= kinds <= KINDS.keys()
    for each in found:
        method = "POST" if each["kind"] == "Pod" else "PATCH"
        assert kept(each, send(server, method, each)) == []


def test_every_object_of_a_channel_is_valid(server: KubernetesServer, namespace: str) -> None:
    for name in (DESIRED, CONTROLS, FORMATION, LOCK, status_name("a-1"), log_name("a-1")):
        wanted = manifest("demo", name, b"{}")
        at = f"{kind_of(name).path(namespace)}/{wanted['metadata']['name']}"
        found = server.request("PATCH", f"{at}?{STRICT}&fieldManager=test", wanted, APPLY)
        assert kept(wanted, found) == []


def test_a_field_that_does_not_exist_is_not_valid(server: KubernetesServer, namespace: str) -> None:
    """Proves that the server looks, at every kind."""
    found = [
        each for module, changes in RECORDED.values() for each in put(module.recorded(namespace=namespace, **changes))
    ]
    kinds = {each["kind"]: each for each in found}
    assert kinds.keys() == KINDS.keys()
    for kind, each in kinds.items():
        each["metadata"]["label"] = {}
        with pytest.raises(httpx2.HTTPStatusError) as refused:
            send(server, "POST" if kind == "Pod" else "PATCH", each)
        assert refused.value.response.status_code in (400, 422, 500), kind


@pytest.mark.parametrize(
    ("variants", "shape", "others"),
    [
        (STATEFUL_SETS, StatefulSetClusterArgs, ON_MACHINES | ELSEWHERE),
        (STATIC_PODS, StaticPodClusterArgs, ON_MACHINES),
    ],
)
def test_every_optional_argument_is_tried(
    variants: Mapping[str, dict[str, Any]], shape: type, others: set[str]
) -> None:
    """Also one that somebody adds later."""
    tried = {each for changes in variants.values() for each in given(changes, shape)}
    assert set(optional(shape)) - tried == others
    assert not set(optional(shape)) & set(given(variants["none"], shape))
