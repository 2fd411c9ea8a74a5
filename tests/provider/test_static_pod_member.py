"""Seeing a member off its node: its agent first, then the static pod by a pod of ours, then what speaks of it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from pulumi_etcd.provider import namespaces
from pulumi_etcd.provider.static_pod_members import StaticPodMembers
from tests.components.accounts import Account
from tests.components.stateful_sets import AGENT
from tests.provider.harness import Client, Refusal
from tests.provider.local import with_client
from tests.provider.members import Place, known, publish, until
from tests.servers.kubernetes import KubernetesServer

pytestmark = pytest.mark.xdist_group("provider-kubernetes")
TOKEN = "etcd:index:StaticPodMember"
NODE = "node-a"
REMOVAL = "demo-a-1-removal"
LABELS = {
    "app.kubernetes.io/name": "etcd",
    "app.kubernetes.io/instance": "demo",
    "pulumi-etcd.dev/slot": "a-1",
    "app.kubernetes.io/component": "agent",
}


class OnNode(Place):
    """A namespace with a member that is on a node."""

    def inputs(self, **changes: Any) -> dict[str, Any]:
        """Of the member."""
        found = {name: value for name, value in super().inputs().items() if name not in STATEFUL}
        own = {
            "name": "demo-a-1", "node": NODE, "address": "10.0.0.1", "basePort": 2379, "image": AGENT,
            "manifests": "/etc/static", "file": "n.demo.a-1.json", "volumes": "/srv/demo", "runs": "/run/demo",
        }  # fmt: skip
        return {**found, **own, **changes}

    def pod(self, name: str) -> dict[str, Any]:
        return self.server.request("GET", f"/api/v1/namespaces/{self.namespace}/pods/{name}")

    def end(self, phase: str, message: str = "") -> None:
        """The pod that takes the member off its node ends, as its kubelet would tell."""
        ended = {"exitCode": int(bool(message)), "message": message}
        status = {"name": "remove", "state": {"terminated": ended}, "ready": False, "restartCount": 0}
        status |= {"image": AGENT, "imageID": ""}
        path = f"/api/v1/namespaces/{self.namespace}/pods/{REMOVAL}/status"
        self.server.request(
            "PUT", path, {**self.pod(REMOVAL), "status": {"phase": phase, "containerStatuses": [status]}}
        )

    def label(self, name: str, value: str) -> None:
        """Give its node a label."""
        node = self.server.request("GET", f"/api/v1/nodes/{NODE}")
        node["metadata"]["labels"][name] = value
        self.server.request("PUT", f"/api/v1/nodes/{NODE}", node)

    def weak(self, kubeconfig: Path) -> Path:
        """A kubeconfig of somebody who may see the namespace, and nothing else."""
        self.put("serviceaccounts", {"metadata": {"name": "weak"}})
        rules = [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]}]
        roles = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{self.namespace}"
        self.server.request("POST", f"{roles}/roles", {"metadata": {"name": "weak"}, "rules": rules})
        given = {
            "metadata": {"name": "weak"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "weak"},
            "subjects": [{"kind": "ServiceAccount", "name": "weak", "namespace": self.namespace}],
        }
        self.server.request("POST", f"{roles}/rolebindings", given)
        token = (
            Account.of(self.server, self.namespace, "weak", kubeconfig.parent / "account").folder / "token"
        ).read_text()
        found = yaml.safe_load(self.server.kubeconfig.read_text())
        found["users"] = [{"name": each["name"], "user": {"token": token}} for each in found["users"]]
        kubeconfig.write_text(yaml.safe_dump(found))
        return kubeconfig

    def remove_agent(self) -> None:
        self.delete("pods", "demo-a-1-x7k2p")


STATEFUL = ("pod", "claim", "volumeBytes", "storageClass")


@pytest.fixture
def place(server: KubernetesServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[OnNode]:
    monkeypatch.setattr(namespaces, "POLL", 0.05)
    namespace = f"n-{uuid.uuid4().hex[:8]}"
    found = OnNode(server, namespace, server.make_namespace(namespace))
    found.put("serviceaccounts", {"metadata": {"name": "default"}})
    pod = {"containers": [{"name": "agent", "image": AGENT}], "automountServiceAccountToken": False}
    found.put("pods", {"metadata": {"name": "demo-a-1-x7k2p", "labels": LABELS}, "spec": pod})
    others = {**LABELS, "pulumi-etcd.dev/slot": "b-1"}
    found.put("pods", {"metadata": {"name": "demo-b-1-2ab3c", "labels": others}, "spec": pod})
    metadata = {"name": NODE, "labels": {"kubernetes.io/hostname": NODE}}
    server.request("POST", "/api/v1/nodes", {"metadata": metadata})
    yield found
    with suppress(httpx2.HTTPStatusError):  # a test may have removed it
        server.request("DELETE", f"/api/v1/nodes/{NODE}")


async def made(client: Client, place: OnNode) -> tuple[str, dict[str, Any]]:
    inputs, failures = await client.check(place.inputs())
    assert failures == []
    return await client.create(inputs)


def run(body: Callable[[Client], Awaitable[None]]) -> None:
    with_client(StaticPodMembers(), TOKEN, body)


@pytest.mark.parametrize("zone", ["", "a", "b"])
def test_a_node_in_another_zone_is_told_and_not_refused(place: OnNode, zone: str) -> None:
    async def body(client: Client) -> None:
        if zone:
            await asyncio.to_thread(place.label, "topology.kubernetes.io/zone", zone)
        _, failures = await client.check(place.inputs())
        assert failures == []
        told = "a-1 is declared in zone a, but its node node-a has the label topology.kubernetes.io/zone=b"
        assert client.lines == ([told] if zone == "b" else [])

    run(body)


def test_whoever_may_not_list_nodes_is_told_nothing_of_zones(place: OnNode, tmp_path: Path) -> None:
    async def body(client: Client) -> None:
        await asyncio.to_thread(place.label, "topology.kubernetes.io/zone", "b")
        weak = await asyncio.to_thread(place.weak, tmp_path / "weak")
        silent = tmp_path / "silent"
        silent.write_text(place.server.kubeconfig.read_text().replace(f":{place.server.port}", ":1"))
        for kubeconfig in (weak, silent, tmp_path / "none"):
            _, failures = await client.check(place.inputs(kubeconfig=str(kubeconfig)))
            assert failures == []
        assert client.lines == []

    run(body)


def test_it_is_recorded_and_changes_nothing(place: OnNode) -> None:
    async def body(client: Client) -> None:
        id_, outputs = await made(client, place)
        assert id_ == f"{place.namespace}/demo-a-1"
        assert await client.read(id_, place.inputs(), outputs) == (id_, place.inputs(), outputs)
        assert (await client.diff(id_, outputs, place.inputs(), place.inputs())).detailedDiff == {}
        assert (await client.update(id_, outputs, place.inputs(image="other")))["image"] == "other"

    run(body)


FIXED = (
    "cluster", "slot", "name", "zone", "node", "address", "basePort", "namespace", "namespaceUid", "manifests", "file",
    "volumes", "runs",
)  # fmt: skip


@pytest.mark.parametrize("name", FIXED)
def test_it_cannot_be_moved(place: OnNode, name: str) -> None:
    async def body(client: Client) -> None:
        other = 1 if name == "basePort" else "other"
        _, failures = await client.check(place.inputs(**{name: other}), place.inputs())
        assert len(failures) == 1
        assert failures[0].startswith(f"{name}: cannot change from")

    run(body)


@pytest.mark.parametrize(("old", "new"), [("", "n.demo.a-1.agent.json"), ("n.demo.a-1.agent.json", "")])
def test_what_runs_its_agent_cannot_change(place: OnNode, old: str, new: str) -> None:
    async def body(client: Client) -> None:
        _, failures = await client.check(place.inputs(agentFile=new), place.inputs(agentFile=old))
        assert failures == ["agent.kind: cannot change; declare another cluster, and migrate to it"]

    run(body)


@pytest.mark.parametrize(("old", "new"), [({}, 2390), ({"urlPort": 2390}, 0), ({"urlPort": 2390}, 2391)])
def test_where_its_kubelet_finds_it_cannot_change(place: OnNode, old: dict[str, int], new: int) -> None:
    """Records of before there were ports know none."""

    async def body(client: Client) -> None:
        _, failures = await client.check(place.inputs(urlPort=new), place.inputs(**old))
        remedy = "declare another slot, and drop this one in a later step"
        assert failures == [f"manifestUrlPort: cannot change; {remedy}"]

    run(body)


def test_an_agent_that_is_a_static_pod_is_taken_off_with_its_member(place: OnNode) -> None:
    """Nothing else ends it: it is not waited for before."""

    async def body(client: Client) -> None:
        await publish(place)
        inputs, _ = await client.check(place.inputs(agentFile="n.demo.a-1.agent.json"))
        id_, outputs = await client.create(inputs)
        deleting = asyncio.ensure_future(client.delete(id_, outputs))
        await until(lambda: any(f"pod {REMOVAL} on node {NODE}, which is Pending" in line for line in client.lines))
        words = (await asyncio.to_thread(place.pod, REMOVAL))["spec"]["containers"][0]["command"]
        assert words[-2:] == ["/etc/etcd-ops/manifests/n.demo.a-1.agent.json", "/volumes/a-1.delivered"]
        await asyncio.to_thread(place.end, "Succeeded")
        await deleting
        assert (await known(place))[1:] == (False, False)

    run(body)


def test_its_agent_goes_first_then_it_then_what_speaks_of_it(place: OnNode) -> None:
    async def body(client: Client) -> None:
        await publish(place, "v1", "b-1")
        id_, outputs = await made(client, place)
        deleting = asyncio.ensure_future(client.delete(id_, outputs))
        await until(lambda: "waiting for pod demo-a-1-x7k2p (is not being deleted)" in client.lines)
        with pytest.raises(httpx2.HTTPStatusError):
            await asyncio.to_thread(place.pod, REMOVAL)
        await asyncio.to_thread(place.remove_agent)
        await until(lambda: any(f"pod {REMOVAL} on node {NODE}, which is Pending" in line for line in client.lines))
        assert (await known(place))[1:] == (True, True)
        spec = (await asyncio.to_thread(place.pod, REMOVAL))["spec"]
        assert spec["nodeSelector"] == {"kubernetes.io/hostname": NODE}
        await asyncio.to_thread(place.end, "Succeeded")
        await deleting
        record, status, log = await known(place)
        assert record is not None
        assert set(record.started) == {"b-1"}
        assert (status, log) == (False, False)
        assert (await asyncio.to_thread(place.pod, "demo-b-1-2ab3c"))["metadata"]["name"] == "demo-b-1-2ab3c"

    run(body)


def test_what_could_not_be_taken_off_is_told_and_tried_again(place: OnNode) -> None:
    async def body(client: Client) -> None:
        await publish(place)
        place.remove_agent()
        id_, outputs = await made(client, place)
        deleting = asyncio.ensure_future(client.delete(id_, outputs))
        await until(lambda: any("which is Pending" in line for line in client.lines))
        await asyncio.to_thread(place.end, "Failed", "etcd still runs as process 7")
        with pytest.raises(Refusal, match="a-1 was not taken off node node-a: etcd still runs as process 7"):
            await deleting
        assert (await known(place))[1:] == (True, True)
        before = len(client.lines)
        again = asyncio.ensure_future(client.delete(id_, outputs))
        await until(lambda: any("which is Pending" in line for line in client.lines[before:]))
        await asyncio.to_thread(place.end, "Succeeded")
        await again
        assert (await known(place))[1:] == (False, False)

    run(body)


def test_a_node_that_is_gone_is_not_waited_for(place: OnNode) -> None:
    async def body(client: Client) -> None:
        await publish(place)
        place.remove_agent()
        await asyncio.to_thread(place.server.request, "DELETE", f"/api/v1/nodes/{NODE}")
        id_, outputs = await made(client, place)
        await client.delete(id_, outputs)
        assert any("there is no node node-a any more" in line for line in client.lines)
        assert (await known(place))[1:] == (False, False)

    run(body)


def test_a_wait_is_bounded_and_says_what_for(place: OnNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespaces, "WAIT_SECONDS", 0.3)

    async def body(client: Client) -> None:
        await publish(place)
        id_, outputs = await made(client, place)
        with pytest.raises(Refusal, match=r"given up: pod demo-a-1-x7k2p .*kubectl -n n-"):
            await client.delete(id_, outputs)
        assert (await known(place))[1:] == (True, True)

    run(body)
