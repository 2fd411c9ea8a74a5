"""Agents' own code with agents' own tokens: it is let do all that it does, and refused the rest."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Client

from etcd_ops.agent.clock import SystemClock
from etcd_ops.agent.journal import Journal
from etcd_ops.agent.lock import Lock
from etcd_ops.agent.reading import ChannelReader
from etcd_ops.channel.connect import connect
from etcd_ops.channel.port import (
    CONTROLS,
    DESIRED,
    FORMATION,
    LOCK,
    Channel,
    ChannelUnavailable,
    Entry,
    log_name,
    status_name,
)
from etcd_ops.model.records import FormationRecord, FormationState, Intent, IntentKind
from etcd_ops.model.status import MemberStatus, State
from etcd_ops.pod import places
from etcd_ops.pod.own_container import OwnContainer
from etcd_ops.pod.own_pod import OwnPod
from etcd_ops.runtime import incarnation
from etcd_ops.static_pod.token import lend
from etcd_ops.volume.layout import VolumeLayout
from pulumi_etcd.kubernetes.manifests import Manifest
from tests.components.kubernetes_objects import path, pod_of
from tests.components.neighbours import NAMESPACE, PODS, REMOTE, SETS, Neighbours
from tests.servers.kubernetes import KubernetesServer
from tests.standins.deadlines import ample

pytestmark = pytest.mark.xdist_group("kubernetes-objects")
CORE = f"/api/v1/namespaces/{NAMESPACE}"
APPS = f"/apis/apps/v1/namespaces/{NAMESPACE}"
RBAC = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}"


def run(call: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(call)


def told(neighbours: Neighbours, cluster: str, slot: str) -> dict[str, Any]:
    """What a member's agent is told at its start."""
    config = neighbours.one(cluster, "ConfigMap", f"{cluster}-{slot}")["data"][places.CONFIG.name]
    found: dict[str, Any] = json.loads(config)
    return found


def outside(neighbours: Neighbours, cluster: str) -> Channel:
    """A cluster's channel, as whoever runs Pulumi reaches it."""
    return connect(neighbours.server.connection(NAMESPACE, cluster))


def status(slot: str) -> bytes:
    fields = {"slot": slot, "zone": "z", "boot_id": "b", "sequence": 1, "agent_version": "1", "state": State.RUNNING}
    return MemberStatus.model_validate(fields).encode()


@pytest.mark.parametrize("cluster", [SETS, PODS])
def test_an_agent_does_all_that_it_does_in_its_channel(
    neighbours: Neighbours, cluster: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for slot in ("a-1", "b-1"):
        neighbours.account(f"{cluster}-{slot}").inside(monkeypatch)
        config = told(neighbours, cluster, slot)
        run(live(connect(config["channel"]), slot, tmp_path / slot))
        assert run(incarnation.read(config["channel"])) == 7


async def live(channel: Channel, slot: str, volume: Path) -> None:
    """What an agent and the launcher beside it do in a channel, from a first start on."""
    record = FormationRecord(token="t", state=FormationState.FORMING, incarnation=7, founders={})
    reader = ChannelReader(channel, SystemClock(), 60.0, "boot")
    found = await reader.read()
    if found.formation is None:
        await channel.create(FORMATION, record.encode())
        found = await reader.read()
    assert found.formation is not None
    await channel.replace(FORMATION, record.encode(), found.formation.tag)
    await hold(Lock(channel, SystemClock(), lambda: f"nonce of {slot}", slot))
    VolumeLayout(volume).agent.mkdir(parents=True)
    journal = Journal(VolumeLayout(volume), slot, channel)
    for _ in range(2):  # made, and then written again
        await channel.put(status_name(slot), status(slot))
        journal.write("step", {"step": "test"})
        await journal.publish()
        assert await channel.read(log_name(slot)) is not None
    assert slot in (await reader.read()).facts.statuses
    await channel.close()


async def hold(lock: Lock) -> None:
    """Take the lock, announce a step, and give it back."""
    assert (await lock.observe()).available
    assert await lock.acquire(0)
    intent = Intent(kind=IntentKind.FORM, slot="a-1", deadline=1.0)
    await lock.announce(intent)
    assert await lock.confirm(1.0) > 0
    await lock.finish()
    assert await lock.release()


def seen(server: KubernetesServer, controller: dict[str, Any]) -> None:
    """As its controller says that it has seen it."""
    at = f"{path(controller)}/{controller['metadata']['name']}"
    found = server.request("GET", at)
    counts = {"currentNumberScheduled": 0, "desiredNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0}
    status = counts if controller["kind"] == "DaemonSet" else {"replicas": 1}
    found["status"] = {**status, "observedGeneration": found["metadata"]["generation"]}
    server.request("PUT", f"{at}/status", found)


@pytest.mark.parametrize(
    ("cluster", "kind", "pod"),
    [
        (SETS, "StatefulSet", f"{SETS}-a-1-0"),
        (PODS, "DaemonSet", f"{PODS}-a-1-x7k2p"),
        (REMOTE, "StatefulSet", f"{REMOTE}-a-1-0"),
    ],
)
def test_an_agent_has_its_own_pod_made_anew(
    neighbours: Neighbours, server: KubernetesServer, cluster: str, kind: str, pod: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    controller = neighbours.one(cluster, kind, f"{cluster}-a-1")
    seen(server, controller)
    server.request("POST", f"{CORE}/pods", pod_of(controller, pod))
    template = controller["spec"]["template"]["metadata"]["annotations"][places.TEMPLATE_ANNOTATION]
    config = told(neighbours, cluster, "a-1")
    neighbours.account(f"{cluster}-a-1").inside(monkeypatch)
    own = OwnPod(config.get("pod") or config["agentPod"], {places.POD: pod, places.TEMPLATE: "old"})
    with pytest.raises(OSError, match="not of other as declared"):
        run(own.recreate("other", ample))
    run(own.recreate(template, ample))
    assert pod not in {each["metadata"]["name"] for each in server.request("GET", f"{CORE}/pods")["items"]}


@pytest.mark.parametrize("cluster", [SETS, REMOTE])
def test_an_agent_beside_its_member_has_its_own_image_exchanged(
    neighbours: Neighbours, server: KubernetesServer, cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The API server takes that for a pod that is there; everything else in it stays as it was."""
    controller, name = neighbours.one(cluster, "StatefulSet", f"{cluster}-a-1"), f"{cluster}-a-1-0"
    made = copy.deepcopy(pod_of(controller, name))
    template = made["metadata"]["annotations"][places.AGENT_TEMPLATE_ANNOTATION]
    made["metadata"]["annotations"] |= {places.AGENT_TEMPLATE_ANNOTATION: "old"}
    for each in made["spec"]["containers"]:
        each["image"] = "old"
    before = server.request("POST", f"{CORE}/pods", made)
    config = told(neighbours, cluster, "a-1")
    neighbours.account(f"{cluster}-a-1").inside(monkeypatch)
    ended: list[str] = []
    own = OwnContainer(config["pod"], {places.AGENT_TEMPLATE: "old"}, lambda: ended.append("again"))
    for expected in ([], ["again"]):
        run(own.recreate(template, ample))
        assert ended == expected
    after = server.request("GET", f"{CORE}/pods/{name}")
    server.request("DELETE", f"{CORE}/pods/{name}")
    assert after["metadata"]["annotations"][places.AGENT_TEMPLATE_ANNOTATION] == template
    images = {each["name"]: each["image"] for each in after["spec"]["containers"]}
    declared = {each["name"]: each["image"] for each in controller["spec"]["template"]["spec"]["containers"]}
    assert images == {"etcd": "old", "agent": declared["agent"]}
    assert after["spec"]["initContainers"] == before["spec"]["initContainers"]


def test_a_static_pod_reads_the_incarnation_with_the_token_that_it_is_lent(
    neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run(outside(neighbours, PODS).put(FORMATION, b'{"incarnation": 7}'))
    account = neighbours.account(f"{PODS}-b-1")
    lend(account.folder, tmp_path)
    account.inside(monkeypatch, tmp_path / places.LENT_TOKEN)
    assert run(incarnation.read(told(neighbours, PODS, "b-1")["channel"])) == 7


FOREIGN = {
    SETS: (DESIRED, CONTROLS, status_name("b-1"), log_name("b-1"), status_name("new-1"), "anything.json"),
    PODS: (DESIRED, CONTROLS, FORMATION, LOCK, status_name("a-1"), log_name("a-1"), "anything.json"),
}
"""By cluster: objects that the agent of `a-1` of StatefulSets is not to write, be they there or not."""


@pytest.mark.parametrize(("cluster", "name"), [(cluster, name) for cluster in FOREIGN for name in FOREIGN[cluster]])
def test_an_agent_writes_nothing_else_in_any_channel(
    neighbours: Neighbours, cluster: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    neighbours.account(f"{SETS}-a-1").inside(monkeypatch)
    stack = outside(neighbours, cluster)
    own = connect(told(neighbours, SETS, "a-1")["channel"] | {"cluster": cluster})
    run(stack.delete(name))
    refused(own.create(name, b"mine"), own.put(name, b"mine"))
    assert run(stack.read(name)) is None
    tag = run(stack.create(name, b"{}"))
    refused(own.create(name, b"mine"), own.put(name, b"mine"), own.replace(name, b"mine", tag), own.delete(name))
    assert run(stack.read(name)) == Entry(b"{}", tag)
    run(stack.delete(name))


@pytest.mark.parametrize("name", [FORMATION, LOCK, status_name("a-1"), log_name("a-1")])
def test_an_agent_deletes_nothing_that_it_may_write(
    neighbours: Neighbours, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    neighbours.account(f"{SETS}-a-1").inside(monkeypatch)
    stack = outside(neighbours, SETS)
    run(stack.put(name, b"{}"))
    refused(connect(told(neighbours, SETS, "a-1")["channel"]).delete(name))
    assert run(stack.read(name)) is not None
    run(stack.delete(name))


def refused(*calls: Coroutine[Any, Any, Any]) -> None:
    for call in calls:
        with pytest.raises(ChannelUnavailable, match="403"):
            run(call)


@pytest.mark.parametrize("name", [DESIRED, LOCK])
def test_no_agent_of_a_bucket_has_anything_of_a_channel_here(
    neighbours: Neighbours, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    neighbours.account(f"{REMOTE}-a-1").inside(monkeypatch)
    own = connect(told(neighbours, SETS, "a-1")["channel"])
    refused(own.read(name), own.put(name, b"mine"), own.create(name, b"mine"), own.names("status/"))


def called(name: str) -> Manifest:
    """An object that says nothing else."""
    return {"metadata": {"name": name}}


POD = f"{SETS}-a-1-0"
LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"
ROLE = {**called(f"{SETS}-a-1"), "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}
MADE = called("made")
REQUESTS: Mapping[str, tuple[str, str, Any]] = {
    "read its own Secret": ("GET", f"{CORE}/secrets/{SETS}-a-1-credentials", None),
    "read another member's Secret": ("GET", f"{CORE}/secrets/{SETS}-b-1-credentials", None),
    "read another cluster's Secret": ("GET", f"{CORE}/secrets/{PODS}-b-1-credentials", None),
    "list Secrets": ("GET", f"{CORE}/secrets", None),
    "make a ConfigMap": ("POST", f"{CORE}/configmaps", MADE),
    "make its own status by another way": ("POST", f"{CORE}/configmaps", called(f"{SETS}.status.a-1.json")),
    "watch ConfigMaps": ("GET", f"{CORE}/configmaps?watch=true&timeoutSeconds=1", None),
    "delete all ConfigMaps": ("DELETE", f"{CORE}/configmaps", None),
    "change what it is told": ("PUT", f"{CORE}/configmaps/{SETS}-a-1", called(f"{SETS}-a-1")),
    "change what may be believed": ("PUT", f"{CORE}/configmaps/{SETS}-authorities", called(f"{SETS}-authorities")),
    "delete the lock": ("DELETE", f"{LEASES}/{SETS}.lock.json", None),
    "make a Lease": ("POST", LEASES, MADE),
    "run something in its pod": ("POST", f"{CORE}/pods/{POD}/exec?command=id&stdout=true", None),
    "run something in another member's pod": ("POST", f"{CORE}/pods/{SETS}-b-1-0/exec?command=id&stdout=true", None),
    "add a container to its pod": ("PATCH", f"{CORE}/pods/{POD}/ephemeralcontainers", {}),
    "change another member's pod": ("PATCH", f"{CORE}/pods/{SETS}-b-1-0", {}),
    "make a pod": ("POST", f"{CORE}/pods", MADE),
    "evict another member": ("POST", f"{CORE}/pods/{SETS}-b-1-0/eviction", {}),
    "delete all pods": ("DELETE", f"{CORE}/pods", None),
    "change its StatefulSet": ("PATCH", f"{APPS}/statefulsets/{SETS}-a-1", {}),
    "change another StatefulSet": ("PATCH", f"{APPS}/statefulsets/{SETS}-b-1", {}),
    "scale its StatefulSet": ("PUT", f"{APPS}/statefulsets/{SETS}-a-1/scale", {}),
    "change a DaemonSet": ("PATCH", f"{APPS}/daemonsets/{PODS}-a-1", {}),
    "delete its volume claim": ("DELETE", f"{CORE}/persistentvolumeclaims/data-{POD}", None),
    "change its Role": ("PUT", f"{RBAC}/roles/{SETS}-a-1", ROLE),
    "change everybody's Role": ("PATCH", f"{RBAC}/roles/{SETS}-agents", {}),
    "bind itself to a Role": ("POST", f"{RBAC}/rolebindings", MADE),
    "have a token issued": ("POST", f"{CORE}/serviceaccounts/{SETS}-b-1/token", {}),
    "raise its budget": ("PATCH", f"/apis/policy/v1/namespaces/{NAMESPACE}/poddisruptionbudgets/{SETS}", {}),
    "open its ports": ("PATCH", f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/networkpolicies/{SETS}", {}),
    "look at nodes": ("GET", "/api/v1/nodes", None),
    "look at another namespace": ("GET", "/api/v1/namespaces/default/configmaps", None),
    "delete its namespace": ("DELETE", f"/api/v1/namespaces/{NAMESPACE}", None),
}  # fmt: skip


@pytest.mark.parametrize("account", [f"{SETS}-a-1", f"{PODS}-a-1", f"{REMOTE}-a-1"])
def test_an_agent_is_refused_what_would_hurt(neighbours: Neighbours, account: str) -> None:
    with neighbours.account(account).client() as client:
        answers = {what: send(client, *request) for what, request in REQUESTS.items()}
    assert answers == dict.fromkeys(REQUESTS, 403)


def send(client: Client, method: str, at: str, content: Any) -> int:
    """The status of an answer."""
    headers = {"Content-Type": "application/merge-patch+json"} if method == "PATCH" else None
    return client.request(method, at, json=content, headers=headers).status_code


def test_a_neighbours_pod_is_not_deleted(neighbours: Neighbours, server: KubernetesServer) -> None:
    """That agents of static pods may delete pods which are not theirs is told in docs/kubernetes.md."""
    name = f"{SETS}-b-1-0"
    server.request("POST", f"{CORE}/pods", pod_of(neighbours.one(SETS, "StatefulSet", f"{SETS}-b-1"), name))
    for account in (f"{SETS}-a-1", f"{REMOTE}-a-1"):
        with neighbours.account(account).client() as client:
            assert send(client, "DELETE", f"{CORE}/pods/{name}", None) == 403
    server.request("DELETE", f"{CORE}/pods/{name}")
