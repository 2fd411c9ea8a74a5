"""Putting an agent onto its node: everything in a Secret for as long as that takes, and a pod of ours that takes it."""

from __future__ import annotations

import asyncio
import base64
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.pod.delivery import Mounts
from pulumi_etcd.provider import namespaces, static_pod_installations
from pulumi_etcd.provider.static_pod_installations import StaticPodInstallations
from tests.components.stateful_sets import AGENT
from tests.provider.harness import Client, Refusal
from tests.provider.local import with_client
from tests.provider.members import Place, until
from tests.provider.test_static_pod_member import LABELS
from tests.servers.kubernetes import KubernetesServer

pytestmark = pytest.mark.xdist_group("provider-kubernetes")
TOKEN = "etcd:index:StaticPodInstallation"
NODE = "node-a"
NAME = "demo-a-1-agent-installation"
FILES = {"config": {"agent-config.json": "{}", "agent-pod.json": "{}"}, "credentials": {"peer.key": "secret"}}


class OnNode(Place):
    """A namespace with a node that an agent is installed on."""

    def inputs(self, **changes: Any) -> dict[str, Any]:
        """Of the installation."""
        where = ("cluster", "slot", "namespace", "namespaceUid", "kubeconfig", "context")
        found = {name: value for name, value in super().inputs().items() if name in where}
        own = {
            "name": "demo-a-1-agent", "node": NODE, "manifests": "/etc/static", "file": "n.demo.a-1.agent.json",
            "delivered": "/srv/demo/a-1.delivered", "image": AGENT, "tree": "", "files": FILES,
        }  # fmt: skip
        return {**found, **own, **changes}

    def get(self, plural: str, name: str) -> dict[str, Any]:
        return self.server.request("GET", f"/api/v1/namespaces/{self.namespace}/{plural}/{name}")

    def end(self, phase: str, message: str = "") -> None:
        """The pod that installs ends, as its kubelet would tell."""
        ended = {"exitCode": int(phase == "Failed"), "message": message}
        status = {"name": "install", "state": {"terminated": ended}, "ready": False, "restartCount": 0}
        self.tell(NAME, {"phase": phase, "containerStatuses": [{**status, "image": AGENT, "imageID": ""}]})

    def tell(self, pod: str, status: dict[str, Any]) -> None:
        path = f"/api/v1/namespaces/{self.namespace}/pods/{pod}/status"
        self.server.request("PUT", path, {**self.get("pods", pod), "status": status})

    def mirror(self, waiting: str = "") -> None:
        """The agent's static pod, as its kubelet tells the API server of it."""
        pod = {"containers": [{"name": "agent", "image": AGENT}], "automountServiceAccountToken": False}
        self.put("pods", {"metadata": {"name": f"demo-a-1-agent-{NODE}", "labels": LABELS}, "spec": pod})
        if waiting:
            status = {"name": "agent", "state": {"waiting": {"reason": waiting}}, "ready": False, "restartCount": 3}
            found = {"phase": "Running", "containerStatuses": [{**status, "image": AGENT, "imageID": ""}]}
            self.tell(f"demo-a-1-agent-{NODE}", found)


@pytest.fixture
def place(server: KubernetesServer) -> OnNode:
    namespace = f"n-{uuid.uuid4().hex[:8]}"
    found = OnNode(server, namespace, server.make_namespace(namespace))
    found.put("serviceaccounts", {"metadata": {"name": "default"}})
    return found


def run(body: Callable[[Client], Awaitable[None]]) -> None:
    with_client(StaticPodInstallations(), TOKEN, body)


async def started(client: Client, place: OnNode, **changes: Any) -> asyncio.Future[tuple[str, dict[str, Any]]]:
    """An installation whose pod is there."""
    inputs, failures = await client.check(place.inputs(**changes))
    assert failures == []
    before = len(client.lines)
    creating = asyncio.ensure_future(client.create(inputs))
    await until(lambda: creating.done() or any("which is Pending" in line for line in client.lines[before:]))
    return creating


def absent(place: OnNode) -> bool:
    paths = (f"/api/v1/namespaces/{place.namespace}/{plural}" for plural in ("pods", "secrets"))
    return NAME not in {
        each["metadata"]["name"] for path in paths for each in place.server.request("GET", path)["items"]
    }


def test_keys_are_in_the_api_server_for_as_long_as_it_takes(place: OnNode) -> None:
    async def body(client: Client) -> None:
        creating = await started(client, place)
        secret = await asyncio.to_thread(place.get, "secrets", NAME)
        pod = await asyncio.to_thread(place.get, "pods", NAME)
        assert secret["immutable"]
        assert base64.b64decode(secret["data"]["credentials_peer.key"]) == b"secret"
        assert pod["spec"]["nodeSelector"] == {"kubernetes.io/hostname": NODE}
        items = pod["spec"]["volumes"][0]["secret"]["items"]
        assert {each["path"] for each in items} == {f"{folder}/{file}" for folder in FILES for file in FILES[folder]}
        await asyncio.to_thread(place.end, "Succeeded", "placed n.demo.a-1.agent.json")
        id_, outputs = await creating
        assert id_ == f"{place.namespace}/demo-a-1-agent"
        assert "files" not in outputs
        assert await asyncio.to_thread(absent, place)
        assert f"{NODE}: placed n.demo.a-1.agent.json" in client.lines

    run(body)


def test_one_that_failed_is_told_and_leaves_nothing(place: OnNode) -> None:
    async def body(client: Client) -> None:
        creating = await started(client, place)
        await asyncio.to_thread(place.end, "Failed", "OSError: read-only file system")
        with pytest.raises(Refusal, match="a-1 was not installed on node node-a: OSError: read-only file system"):
            await creating
        assert await asyncio.to_thread(absent, place)

    run(body)


def test_one_that_does_not_start_is_told_and_waited_for(place: OnNode) -> None:
    async def body(client: Client) -> None:
        creating = await started(client, place)
        waiting = {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}
        status = {"name": "install", "state": waiting, "ready": False, "restartCount": 0, "image": AGENT, "imageID": ""}
        await asyncio.to_thread(place.tell, NAME, {"phase": "Pending", "containerStatuses": [status]})
        told = "which is Pending: its container install does not run: ErrImagePull: no such image"
        await until(lambda: any(told in line for line in client.lines))
        await asyncio.to_thread(place.end, "Succeeded")
        await creating

    run(body)


def test_one_that_was_cut_short_is_begun_anew_where_it_is_of_something_else(place: OnNode) -> None:
    async def body(client: Client) -> None:
        cut = await started(client, place)
        cut.cancel()
        first = await asyncio.to_thread(place.get, "pods", NAME)
        again = await started(client, place)
        assert (await asyncio.to_thread(place.get, "pods", NAME))["metadata"]["uid"] == first["metadata"]["uid"]
        again.cancel()
        other = await started(client, place, files={**FILES, "credentials": {"peer.key": "renewed"}})
        assert any("of an earlier run to be gone" in line for line in client.lines)
        secret = await asyncio.to_thread(place.get, "secrets", NAME)
        assert base64.b64decode(secret["data"]["credentials_peer.key"]) == b"renewed"
        await asyncio.to_thread(place.end, "Succeeded")
        await other

    run(body)


@pytest.mark.parametrize(("waiting", "anew"), [("", False), ("ContainerCreating", False), ("ImagePullBackOff", True)])
def test_only_an_agent_that_cannot_run_gets_its_manifest_exchanged(place: OnNode, waiting: str, anew: bool) -> None:
    async def body(client: Client) -> None:
        await asyncio.to_thread(place.mirror, waiting)
        creating = await started(client, place)
        pod = await asyncio.to_thread(place.get, "pods", NAME)
        assert ("--anew" in pod["spec"]["containers"][0]["command"]) == anew
        await asyncio.to_thread(place.end, "Succeeded")
        id_, outputs = await creating
        changed = (await client.diff(id_, outputs, place.inputs(), place.inputs())).detailedDiff
        assert ("content" in changed) == anew

    run(body)


@pytest.mark.parametrize(("since", "amiss"), [("2020-01-01T00:00:00Z", True), ("2999-01-01T00:00:00Z", False)])
def test_an_agent_that_does_not_start_for_long_is_installed_again(place: OnNode, since: str, amiss: bool) -> None:
    """By the API server's time, whatever the clock here says."""

    async def body(client: Client) -> None:
        await asyncio.to_thread(place.mirror)
        await asyncio.to_thread(place.tell, f"demo-a-1-agent-{NODE}", {"phase": "Pending", "startTime": since})
        inputs = place.inputs()
        outputs = {name: value for name, value in inputs.items() if name != "files"}
        changed = (await client.diff("n/demo-a-1-agent", outputs, inputs, inputs)).detailedDiff
        assert ("content" in changed) == amiss

    run(body)


def test_an_agent_that_is_not_there_is_installed_again(place: OnNode) -> None:
    async def body(client: Client) -> None:
        creating = await started(client, place)
        await asyncio.to_thread(place.end, "Succeeded")
        id_, outputs = await creating
        assert set((await client.diff(id_, outputs, place.inputs(), place.inputs())).detailedDiff) == {"content"}
        await asyncio.to_thread(place.mirror)
        assert (await client.diff(id_, outputs, place.inputs(), place.inputs())).detailedDiff == {}

    run(body)


def test_a_preview_without_an_api_server_says_so_and_goes_on(place: OnNode, nowhere: str) -> None:
    """The one that the cluster backs may be away because of what the next `up` is to mend."""

    async def body(client: Client) -> None:
        inputs = place.inputs(kubeconfig=nowhere)
        outputs = {name: value for name, value in inputs.items() if name != "files"}
        assert (await client.diff("n/demo-a-1-agent", outputs, inputs, inputs)).detailedDiff == {}
        assert any("which does not answer: what is there now is not known" in line for line in client.lines)

    run(body)


@pytest.fixture
def nowhere(place: OnNode, tmp_path: Path) -> str:
    """A kubeconfig of an API server that does not answer."""
    found = tmp_path / "kubeconfig"
    found.write_text(place.server.kubeconfig.read_text().replace(f":{place.server.port}", ":1"))
    return str(found)


def test_where_no_api_server_answers_the_nodes_files_are_written_here(
    place: OnNode, nowhere: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as new trust for a cluster that has lost its quorum, and its API server with it."""
    monkeypatch.setattr(static_pod_installations, "SILENCE_SECONDS", 0.1)
    tree = tmp_path / "nodes" / "a-1"

    async def body(client: Client) -> None:
        id_, outputs = await client.create(place.inputs(kubeconfig=nowhere, tree=str(tree)))
        delivered = tree / "srv" / "demo" / "a-1.delivered"
        assert (delivered / "credentials" / "peer.key").read_text() == "secret"
        assert Mounts(delivered / "authorities", delivered / "credentials").state()[1] != delivered / "credentials"
        assert (tree / "etc" / "static" / "n.demo.a-1.agent.json").read_text() == "{}"
        modes = {each.stat().st_mode & 0o077 for each in tree.rglob("*") if not each.is_symlink()}
        assert modes == {0}
        assert any(f"rsync -rl {tree}/ root@node-a:/" in line for line in client.lines)
        inputs = place.inputs(tree=str(tree))
        assert set((await client.diff(id_, outputs, inputs, inputs)).detailedDiff) == {"content"}
        updating = asyncio.ensure_future(client.update(id_, outputs, inputs))
        await until(lambda: any("which is Pending" in line for line in client.lines))
        await asyncio.to_thread(place.end, "Succeeded")
        assert (await updating)["content"] != "by hand"
        assert not tree.parent.exists()

    run(body)


def test_nothing_is_written_where_nobody_asked_for_it(
    place: OnNode, nowhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(static_pod_installations, "SILENCE_SECONDS", 0.1)
    monkeypatch.setattr(namespaces, "WAIT_SECONDS", 0.3)

    async def body(client: Client) -> None:
        with pytest.raises(Refusal, match=r"given up: the API server of .* does not answer"):
            await client.create(place.inputs(kubeconfig=nowhere))

    run(body)


@pytest.mark.parametrize(
    "name", ["cluster", "slot", "name", "node", "namespace", "namespaceUid", "manifests", "file", "delivered"]
)
def test_it_cannot_be_moved(place: OnNode, name: str) -> None:
    async def body(client: Client) -> None:
        _, failures = await client.check(place.inputs(**{name: "other"}), place.inputs())
        assert len(failures) == 1
        assert failures[0].startswith(f"{name}: cannot change from")

    run(body)


def test_a_wait_is_bounded(place: OnNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespaces, "WAIT_SECONDS", 0.3)

    async def body(client: Client) -> None:
        inputs, _ = await client.check(place.inputs())
        with pytest.raises(Refusal, match=f"given up: pod {NAME}"):
            await client.create(inputs)

    run(body)
