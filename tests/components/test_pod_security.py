"""Which Pod Security Standards an API server that enforces them finds the pods of a cluster to keep to."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
import pytest

from etcd_ops.pod.places import AGENT_POD, STATIC_POD
from pulumi_etcd.kubernetes.manifests import Manifest
from pulumi_etcd.static_pods.installation import installation_pod
from pulumi_etcd.static_pods.removal import removal_pod
from tests.components import stateful_sets, static_pods
from tests.components.every_argument import STATEFUL_SETS, STATIC_AGENTS, STATIC_PODS
from tests.components.kubernetes_objects import path, pod_of, static_pods_in
from tests.servers.kubernetes import KubernetesServer

pytestmark = pytest.mark.xdist_group("kubernetes-objects")
LEVELS = ("privileged", "baseline", "restricted")


@pytest.fixture(scope="module", autouse=True)
def namespaces(server: KubernetesServer) -> None:
    """One that enforces each level, with the accounts of members."""
    for level in LEVELS:
        labels = {"pod-security.kubernetes.io/enforce": level}
        server.request("POST", "/api/v1/namespaces", {"metadata": {"name": level, "labels": labels}})
        for account in ("default", *(f"demo-{zone}-{ordinal}" for zone in "abc" for ordinal in (1, 2))):
            content = {"metadata": {"name": account}, "automountServiceAccountToken": False}
            server.request("POST", f"/api/v1/namespaces/{level}/serviceaccounts", content)


def refused(server: KubernetesServer, pod: Manifest, level: str) -> str:
    """Why a pod may not be made in the namespace of a level; empty where it may."""
    placed = copy.deepcopy(pod)
    placed["metadata"]["namespace"] = level
    try:
        server.request("POST", f"{path(placed)}?dryRun=All", placed)
    except httpx2.HTTPStatusError as error:
        return str(error.response.json()["message"])
    return ""


def member_pod(**changes: Any) -> Manifest:
    """Of a cluster of StatefulSets."""
    found = stateful_sets.objects(stateful_sets.declaration(**changes))
    name, controller = next(iter(stateful_sets.of_kind(found, "StatefulSet").items()))
    return pod_of(controller, f"{name}-0")


def node_pods(**changes: Any) -> dict[str, Manifest]:
    """Of a cluster of static pods."""
    found = static_pods.objects(static_pods.declaration(**changes))
    member = next(iter(static_pods.recorded(**changes).of_type("StaticPodMember").values()))
    return {
        "the agent's": pod_of(next(iter(stateful_sets.of_kind(found, "DaemonSet").values())), "agent"),
        "etcd's": next(pod for each in found for pod in static_pods_in(each)),
        "the one that removes a member": removal_pod(member.inputs, "0" * 32),
    }


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("variant", STATEFUL_SETS)
def test_a_member_of_stateful_sets_may_run_everywhere(server: KubernetesServer, variant: str, level: str) -> None:
    assert refused(server, member_pod(**STATEFUL_SETS[variant]), level) == ""


def without(part: str, container: int | None = None, kind: str = "containers") -> Callable[[Manifest], None]:
    def take(spec: Manifest) -> None:
        found = spec if container is None else spec[kind][container]
        del found["securityContext"][part]

    return take


def given(where: str, value: Any) -> Callable[[Manifest], None]:
    def give(spec: Manifest) -> None:
        spec[where] = value

    return give


CHANGES: Mapping[str, Callable[[Manifest], None]] = {
    "may be root": without("runAsNonRoot"),
    "any system call": without("seccompProfile"),
    **{
        f"{kind}[{index}] {part}": without(part, index, kind)
        for kind in ("initContainers", "containers")
        for index in (0, 1)
        for part in ("allowPrivilegeEscalation", "capabilities")
    },
    "host's network": given("hostNetwork", True),
    "host's memory": given("hostIPC", True),
    "a folder of its node": lambda spec: spec["volumes"].append({"name": "h", "hostPath": {"path": "/"}}),
    "is root": lambda spec: spec["securityContext"].update(runAsUser=0),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_part_of_its_security_is_asked_for(server: KubernetesServer, change: str) -> None:
    """Proves that the API server looks, and that no part is for show."""
    pod = member_pod()
    CHANGES[change](pod["spec"])
    assert 'violates PodSecurity "restricted:latest"' in refused(server, pod, "restricted")


def static_agents_pods(**changes: Any) -> dict[str, Manifest]:
    """Of a cluster whose agents are static pods, too."""
    recording = static_pods.recorded(**changes)
    inputs = next(iter(recording.of_type("StaticPodInstallation").values())).inputs
    files = inputs["files"]["config"]
    member = next(iter(recording.of_type("StaticPodMember").values()))
    return {
        "the agent's": json.loads(files[AGENT_POD]),
        "etcd's": json.loads(files[STATIC_POD]),
        "the one that installs the agent": installation_pod(inputs, "0", anew=False),
        "the one that removes both": removal_pod(member.inputs, "0" * 32),
    }


@pytest.mark.parametrize("variant", STATIC_PODS)
def test_pods_on_hosts_may_run_where_everything_may(server: KubernetesServer, variant: str) -> None:
    pods = (static_agents_pods if variant.endswith(STATIC_AGENTS) else node_pods)(**STATIC_PODS[variant])
    for which, pod in pods.items():
        assert refused(server, pod, "privileged") == "", which
        for level in ("baseline", "restricted"):
            assert f'violates PodSecurity "{level}:latest"' in refused(server, pod, level), which
