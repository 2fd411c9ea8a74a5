"""Removals that were given up, cut short, or meet another: no pod of theirs takes off a member that is declared."""

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

from pulumi_etcd.provider import namespaces, static_pod_members, static_pod_removals
from pulumi_etcd.provider.static_pod_installations import StaticPodInstallations
from pulumi_etcd.provider.static_pod_members import StaticPodMembers
from tests.provider import test_static_pod_installation as installation
from tests.provider.harness import Client, Refusal
from tests.provider.local import with_client
from tests.provider.members import known, publish, until
from tests.provider.test_static_pod_member import NODE, REMOVAL, TOKEN, OnNode, made
from tests.servers.kubernetes import KubernetesServer

pytestmark = pytest.mark.xdist_group("provider-kubernetes")
AGENT_FILE = "n.demo.a-1.agent.json"
INSTALLATION = "demo-a-1-agent-installation"


class Slot(OnNode):
    """A member on a node whose kubelet is what a test says, and whose agent is gone already."""

    def there(self, name: str = REMOVAL, plural: str = "pods") -> dict[str, Any] | None:
        """Metadata of an object; None where it is gone."""
        path = f"/api/v1/namespaces/{self.namespace}/{plural}"
        found = [each["metadata"] for each in self.server.request("GET", path)["items"]]
        return next((each for each in found if each["name"] == name), None)

    def leave(self, name: str = REMOVAL) -> None:
        """A pod of an earlier run."""
        pod = {"containers": [{"name": "remove", "image": "i"}], "automountServiceAccountToken": False}
        self.put("pods", {"metadata": {"name": name}, "spec": pod})

    def bind(self, name: str = REMOVAL) -> None:
        """The scheduler gives a pod to the node: from now on only the kubelet confirms its end."""
        target = {"apiVersion": "v1", "kind": "Node", "name": NODE}
        self.put(f"pods/{name}/binding", {"metadata": {"name": name}, "target": target})

    def hold(self, name: str = REMOVAL) -> None:
        """Somebody's finalizer keeps a pod that is deleted."""
        pod = self.pod(name)
        pod["metadata"]["finalizers"] = ["example.com/audit"]
        self.server.request("PUT", f"/api/v1/namespaces/{self.namespace}/pods/{name}", pod)

    def confirm(self, name: str = REMOVAL) -> None:
        """The kubelet tells that a pod has ended."""
        path = f"/api/v1/namespaces/{self.namespace}/pods/{name}?gracePeriodSeconds=0"
        self.server.request("DELETE", path)


@pytest.fixture
def slot(server: KubernetesServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slot]:
    monkeypatch.setattr(namespaces, "POLL", 0.05)
    namespace = f"n-{uuid.uuid4().hex[:8]}"
    found = Slot(server, namespace, server.make_namespace(namespace))
    found.put("serviceaccounts", {"metadata": {"name": "default"}})
    metadata = {"name": NODE, "labels": {"kubernetes.io/hostname": NODE}}
    server.request("POST", "/api/v1/nodes", {"metadata": metadata})
    yield found
    with suppress(httpx2.HTTPStatusError):  # a test may have removed it
        server.request("DELETE", f"/api/v1/nodes/{NODE}")


def run(body: Callable[[Client], Awaitable[None]]) -> None:
    with_client(StaticPodMembers(), TOKEN, body)


def strangers(slot: Slot, kubeconfig: Path) -> Path:
    """A kubeconfig of nobody whom the API server knows."""
    found = yaml.safe_load(slot.server.kubeconfig.read_text())
    found["users"] = [{"name": each["name"], "user": {"token": "expired"}} for each in found["users"]]
    kubeconfig.write_text(yaml.safe_dump(found))
    return kubeconfig


async def said(client: Client, words: str, since: int = 0) -> None:
    await until(lambda: any(words in line for line in client.lines[since:]))


async def ask(call: Callable[..., Any], *arguments: Any) -> Any:
    return await asyncio.to_thread(call, *arguments)


async def removing(client: Client, slot: Slot, **changes: Any) -> asyncio.Future[None]:
    """A removal whose own pod is there."""
    since = len(client.lines)
    deleting = asyncio.ensure_future(client.delete("n/demo-a-1", slot.inputs(**changes)))
    await said(client, f"pod {REMOVAL} on node {NODE}, which is Pending", since)
    return deleting


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_the_result_of_another_removal_never_counts(slot: Slot, phase: str) -> None:
    """As where `pulumi` was ended after the pod, and the member was declared again meanwhile: it runs."""

    async def body(client: Client) -> None:
        await publish(slot)
        await ask(slot.leave)
        await ask(slot.end, phase)
        old = (await ask(slot.there))["uid"]
        deleting = await removing(client, slot)
        assert (await ask(slot.there))["uid"] != old
        assert (await known(slot))[1:] == (True, True)
        await ask(slot.end, "Succeeded")
        await deleting
        assert (await known(slot))[1:] == (False, False)

    run(body)


def test_a_removal_that_is_left_makes_an_update_of_a_member_that_is_declared_again(slot: Slot) -> None:
    async def body(client: Client) -> None:
        id_, outputs = await made(client, slot)
        await ask(slot.leave)
        changed = (await client.diff(id_, outputs, slot.inputs(), slot.inputs())).detailedDiff
        assert set(changed) == {"removal"}
        assert f"pod {REMOVAL} of an earlier removal is there, and must not remove a-1" in client.lines
        assert await client.update(id_, outputs, slot.inputs(), preview=True) == slot.inputs()
        assert await ask(slot.there) is not None
        await client.update(id_, outputs, slot.inputs())
        assert await ask(slot.there) is None
        assert (await client.diff(id_, outputs, slot.inputs(), slot.inputs())).detailedDiff == {}

    run(body)


@pytest.mark.parametrize("amiss", ["403", "its UID is", "401"])
def test_whoever_may_not_look_for_one_goes_on_with_the_preview(slot: Slot, tmp_path: Path, amiss: str) -> None:
    """As before anything was asked for; so it is where the namespace was made anew."""

    async def body(client: Client) -> None:
        await ask(slot.leave)
        if amiss == "403":
            inputs = slot.inputs(kubeconfig=str(await ask(slot.weak, tmp_path / "weak")))
        elif amiss == "401":
            inputs = slot.inputs(kubeconfig=str(strangers(slot, tmp_path / "stranger")))
        else:
            inputs = slot.inputs(namespaceUid="0f0e0d0c-0b0a-0908-0706-050403020100")
        assert (await client.diff("n/demo-a-1", inputs, inputs, inputs)).detailedDiff == {}
        (line,) = client.lines
        assert amiss in line
        assert line.endswith("whether a pod of an earlier removal is there is not known")

    run(body)


@pytest.mark.parametrize("creates", [True, False])
def test_a_declared_member_waits_until_the_kubelet_has_ended_its_removal(slot: Slot, creates: bool) -> None:
    """A node that is cut off may run it: an object that is deleted by force would prove nothing."""

    async def body(client: Client) -> None:
        await ask(slot.leave)
        await ask(slot.bind)
        going = client.create(slot.inputs()) if creates else client.update("n/demo-a-1", slot.inputs(), slot.inputs())
        declaring = asyncio.ensure_future(going)
        await said(client, f"pod {REMOVAL} of an earlier removal to be gone, whose end only the kubelet of node {NODE}")
        await asyncio.sleep(0.3)
        assert not declaring.done()
        assert (await ask(slot.there))["deletionGracePeriodSeconds"] > 0
        await ask(slot.confirm)
        await declaring

    run(body)


@pytest.mark.parametrize("bound", [True, False])
def test_a_removal_that_is_given_up_does_not_begin_any_more(slot: Slot, bound: bool) -> None:
    async def body(client: Client) -> None:
        await publish(slot)
        deleting = await removing(client, slot)
        if bound:
            await ask(slot.bind)
        await client.cancel()
        with pytest.raises(Refusal, match=f"the wait was cancelled: pod {REMOVAL}"):
            await deleting
        left = await ask(slot.there)
        assert "deletionTimestamp" in left if bound else left is None
        assert any(f"pod {REMOVAL} is deleted, and does not begin any more" in line for line in client.lines)
        assert (await known(slot))[1:] == (True, True)

    run(body)


def test_of_one_that_could_not_nothing_else_is_told(slot: Slot) -> None:
    """Its pod may be there for a while, being deleted; it has ended, and so has begun."""

    async def body(client: Client) -> None:
        await publish(slot)
        deleting = await removing(client, slot)
        await ask(slot.hold)
        await ask(slot.end, "Failed", "etcd still runs as process 7")
        with pytest.raises(Refusal, match="a-1 was not taken off node node-a: etcd still runs as process 7"):
            await deleting
        assert "deletionTimestamp" in await ask(slot.there)
        assert not any("is deleted" in line for line in client.lines)

    run(body)


@pytest.mark.parametrize(
    ("phase", "told"),
    [
        (
            "Pending",
            f"and does not begin any more: whether it has begun on node {NODE}, only that node's kubelet can tell",
        ),
        ("Succeeded", f"; it had taken a-1 off node {NODE}"),
        ("Failed", f"; it could not take a-1 off node {NODE}: etcd still runs"),
    ],
)
def test_of_one_that_has_ended_when_it_is_given_up_it_is_told_how(slot: Slot, phase: str, told: str) -> None:
    """As where the API server was away when it ended."""

    async def body() -> None:
        removal = static_pod_removals._Removal(slot.inputs())
        assert await namespaces.look(slot.inputs(), removal.ask, "nothing")
        assert removal.may_be_there
        await ask(slot.hold)
        await ask(slot.end, phase, "etcd still runs" if phase == "Failed" else "")
        assert await namespaces.look(slot.inputs(), removal.disarm, "nothing") == ""
        assert "deletionTimestamp" in await ask(slot.there)
        (line,) = removal.told
        assert line.startswith(f"pod {REMOVAL} is deleted")
        assert line.endswith(told)

    asyncio.run(body())


def test_one_that_cannot_be_told_so_is_warned_of(slot: Slot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(static_pod_removals, "DISARM_ATTEMPTS", 2)
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(slot.server.kubeconfig.read_text())

    async def body(client: Client) -> None:
        deleting = await removing(client, slot, kubeconfig=str(kubeconfig))
        kubeconfig.write_text(kubeconfig.read_text().replace(f":{slot.server.port}", ":1"))
        await client.cancel()
        with pytest.raises(Refusal, match="the wait was cancelled"):
            await deleting
        told = f"it takes a-1 off node {NODE} as soon as it can, unless you delete it: `kubectl -n {slot.namespace}"
        assert any(told in line and "which does not answer" in line for line in client.lines)

    run(body)


def test_of_two_removals_at_once_one_goes_on(slot: Slot) -> None:
    async def body(client: Client) -> None:
        await publish(slot)
        first = await removing(client, slot)
        second = await removing(client, slot)
        with pytest.raises(Refusal, match=f"somebody else deleted pod {REMOVAL}"):
            await first
        own = await ask(slot.there)
        assert "deletionTimestamp" not in own
        await ask(slot.end, "Succeeded")
        await second
        assert (await known(slot))[1:] == (False, False)

    run(body)


def test_a_removal_that_a_declaration_ended_is_not_begun_again(slot: Slot) -> None:
    async def body(client: Client) -> None:
        await publish(slot)
        deleting = await removing(client, slot)
        await client.update("n/demo-a-1", slot.inputs(), slot.inputs())
        with pytest.raises(Refusal, match=f"somebody else deleted pod {REMOVAL}"):
            await deleting
        assert await ask(slot.there) is None
        assert (await known(slot))[1:] == (True, True)

    run(body)


def test_a_node_that_goes_meanwhile_is_not_waited_for(slot: Slot) -> None:
    """Its pods are deleted with it."""

    async def body(client: Client) -> None:
        await publish(slot)
        deleting = await removing(client, slot)
        await ask(slot.server.request, "DELETE", f"/api/v1/nodes/{NODE}")
        await ask(slot.confirm)
        await deleting
        assert any("there is no node node-a any more" in line for line in client.lines)
        assert (await known(slot))[1:] == (False, False)

    run(body)


def test_nothing_installs_the_agent_once_its_member_is_removed(slot: Slot) -> None:
    """An installation that was given up is in no state, so that nobody else deletes what it left."""

    async def body(client: Client) -> None:
        await publish(slot)
        await ask(slot.leave, INSTALLATION)
        await ask(slot.bind, INSTALLATION)
        await ask(slot.put, "secrets", {"metadata": {"name": INSTALLATION}})
        deleting = asyncio.ensure_future(client.delete("n/demo-a-1", slot.inputs(agentFile=AGENT_FILE)))
        await said(client, f"pod {INSTALLATION} to be gone")
        await asyncio.sleep(0.3)
        assert await ask(slot.there) is None
        assert await ask(slot.there, INSTALLATION, "secrets") is None
        await ask(slot.confirm, INSTALLATION)
        await said(client, f"pod {REMOVAL} on node {NODE}, which is Pending")
        await ask(slot.end, "Succeeded")
        await deleting

    run(body)


def test_an_installation_leaves_nothing_and_waits_for_the_end_of_its_pod(slot: Slot) -> None:
    async def body(client: Client) -> None:
        inputs = installation.OnNode(slot.server, slot.namespace, slot.uid).inputs()
        creating = asyncio.ensure_future(client.create(inputs, timeout=1))
        await said(client, f"pod {INSTALLATION}")
        await ask(slot.bind, INSTALLATION)
        with pytest.raises(Refusal, match="given up"):
            await creating
        assert await ask(slot.there, INSTALLATION, "secrets") is not None
        deleting = asyncio.ensure_future(client.delete("n/demo-a-1-agent", inputs))
        await said(client, f"pod {INSTALLATION} to be gone")
        assert await ask(slot.there, INSTALLATION, "secrets") is None
        assert not deleting.done()
        await ask(slot.confirm, INSTALLATION)
        await deleting
        await client.delete("n/demo-a-1-agent", inputs)

    with_client(StaticPodInstallations(), installation.TOKEN, body)


def test_no_agent_is_installed_while_a_removal_may_run(slot: Slot) -> None:
    async def body(client: Client) -> None:
        await ask(slot.leave)
        await ask(slot.bind)
        inputs = installation.OnNode(slot.server, slot.namespace, slot.uid).inputs()
        creating = asyncio.ensure_future(client.create(inputs))
        await said(client, f"pod {REMOVAL} of an earlier removal to be gone")
        await asyncio.sleep(0.3)
        assert await ask(slot.there, INSTALLATION) is None
        await ask(slot.confirm)
        await said(client, f"pod {INSTALLATION} on node {NODE}, which is Pending")
        creating.cancel()

    with_client(StaticPodInstallations(), installation.TOKEN, body)


@pytest.mark.parametrize("agent_file", [AGENT_FILE, ""])
def test_only_where_agents_need_no_api_server_a_silent_one_is_passed_over(
    slot: Slot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agent_file: str
) -> None:
    """It may be away because of what the same `up` is to mend; what a DaemonSet makes needs it anyway."""
    monkeypatch.setattr(static_pod_members, "SILENCE_SECONDS", 0.1)
    monkeypatch.setattr(namespaces, "WAIT_SECONDS", 0.3)
    nowhere = tmp_path / "kubeconfig"
    nowhere.write_text(slot.server.kubeconfig.read_text().replace(f":{slot.server.port}", ":1"))

    async def body(client: Client) -> None:
        inputs = slot.inputs(kubeconfig=str(nowhere), agentFile=agent_file)
        if not agent_file:
            with pytest.raises(Refusal, match="does not answer"):
                await client.update("n/demo-a-1", inputs, inputs)
            return
        await client.update("n/demo-a-1", inputs, inputs)
        assert (await client.diff("n/demo-a-1", inputs, inputs, inputs)).detailedDiff == {}
        unknown = "whether a pod of an earlier removal is there is not known"
        assert [unknown in line for line in client.lines] == [True, True]

    run(body)
