"""Seeing a member off: nothing speaks of it once its pod and its claim are gone, and not before."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from etcd_ops.model.records import FormationState
from pulumi_etcd.provider import namespaces
from pulumi_etcd.provider.stateful_set_members import StatefulSetMembers
from tests.provider.harness import Client, Refusal
from tests.provider.local import with_client
from tests.provider.members import Place, known, publish, until
from tests.servers.kubernetes import KubernetesServer
from tests.servers.ports import free_block

pytestmark = pytest.mark.xdist_group("provider-kubernetes")
TOKEN = "etcd:index:StatefulSetMember"


@pytest.fixture
def place(server: KubernetesServer, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(namespaces, "POLL", 0.05)
    namespace = f"n-{uuid.uuid4().hex[:8]}"
    found = Place(server, namespace, server.make_namespace(namespace))
    metadata = {"name": "data-demo-a-1-0"}
    storage = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    found.put("persistentvolumeclaims", {"metadata": metadata, "spec": storage})
    found.put("serviceaccounts", {"metadata": {"name": "default"}})
    pod = {"containers": [{"name": "etcd", "image": "etcd"}], "automountServiceAccountToken": False}
    found.put("pods", {"metadata": {"name": "demo-a-1-0"}, "spec": pod})
    return found


async def made(client: Client, place: Place, **changes: Any) -> tuple[str, dict[str, Any]]:
    inputs, failures = await client.check(place.inputs(**changes))
    assert failures == []
    return await client.create(inputs)


def run(body: Callable[[Client], Awaitable[None]]) -> None:
    with_client(StatefulSetMembers(), TOKEN, body)


def test_it_is_recorded_and_changes_nothing(place: Place) -> None:
    async def body(client: Client) -> None:
        id_, outputs = await made(client, place)
        assert id_ == f"{place.namespace}/demo-a-1-0"
        assert outputs["objects"] == ["pod/demo-a-1-0", "persistentvolumeclaim/data-demo-a-1-0"]
        assert await client.read(id_, place.inputs(), outputs) == (id_, place.inputs(), outputs)
        assert (await client.diff(id_, outputs, place.inputs(), place.inputs())).detailedDiff == {}
        elsewhere = str(place.server.kubeconfig_for("other", "system:masters"))
        later = place.inputs(kubeconfig=elsewhere)
        assert (await client.update(id_, outputs, later))["kubeconfig"] == elsewhere
        assert await known(place) == (None, False, False)

    run(body)


FIXED = ("cluster", "slot", "zone", "namespace", "namespaceUid", "pod", "claim", "storageClass")


@pytest.mark.parametrize("name", FIXED)
def test_neither_it_nor_the_class_of_its_volume_can_be_changed(place: Place, name: str) -> None:
    async def body(client: Client) -> None:
        _, failures = await client.check(place.inputs(**{name: "other"}), place.inputs())
        assert len(failures) == 1
        assert failures[0].startswith(f"{name}: cannot change from")

    run(body)


def test_it_is_forgotten_once_pod_and_claim_are_gone(place: Place) -> None:
    async def body(client: Client) -> None:
        await publish(place, "v1", "b-1")
        id_, outputs = await made(client, place)
        deleting = asyncio.ensure_future(client.delete(id_, outputs))
        await until(lambda: any("pod demo-a-1-0 (is not being deleted)" in line for line in client.lines))
        await asyncio.to_thread(place.delete, "pods", "demo-a-1-0")
        await asyncio.to_thread(place.delete, "persistentvolumeclaims", "data-demo-a-1-0")
        await until(lambda: "waiting for volume claim data-demo-a-1-0 (is being deleted)" in client.lines)
        record, status, log = await known(place)
        assert record is not None
        assert set(record.started) == {"a-1", "b-1"}
        assert (status, log) == (True, True)
        await asyncio.to_thread(place.release, "data-demo-a-1-0")
        await deleting
        record, status, log = await known(place)
        assert record is not None
        assert (set(record.started), record.state) == ({"b-1"}, FormationState.FORMED)
        assert (status, log) == (False, False)
        await client.delete(id_, outputs)

    run(body)


def test_the_last_one_closes_the_record(place: Place) -> None:
    async def body(client: Client) -> None:
        await publish(place)
        id_, outputs = await made(client, place)
        remove(place)
        await client.delete(id_, outputs)
        record, _, _ = await known(place)
        assert record is not None
        assert record.state is FormationState.CLOSED

    run(body)


def remove(place: Place) -> None:
    place.delete("pods", "demo-a-1-0")
    place.delete("persistentvolumeclaims", "data-demo-a-1-0")
    place.release("data-demo-a-1-0")


def test_a_wait_is_bounded_and_says_what_for(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespaces, "WAIT_SECONDS", 0.3)

    async def body(client: Client) -> None:
        await publish(place)
        id_, outputs = await made(client, place)
        with pytest.raises(Refusal, match=r"given up: pod demo-a-1-0 .*, volume claim data-demo-a-1-0 .*kubectl -n n-"):
            await client.delete(id_, outputs)
        assert (await known(place))[1:] == (True, True)

    run(body)


def test_a_user_who_cancels_does_not_wait(place: Place) -> None:
    async def body(client: Client) -> None:
        id_, outputs = await made(client, place)
        deleting = asyncio.ensure_future(client.delete(id_, outputs))
        await until(lambda: bool(client.lines))
        await client.cancel()
        with pytest.raises(Refusal, match="the wait was cancelled"):
            await asyncio.wait_for(deleting, 5)

    run(body)


def test_another_namespace_of_that_name_proves_nothing(place: Place) -> None:
    async def body(client: Client) -> None:
        await publish(place)
        id_, outputs = await made(client, place)
        for changes in ({"namespaceUid": str(uuid.UUID(int=0))}, {"namespace": "nowhere"}):
            with pytest.raises(Refusal, match=r"context: .*name the context in which it has the UID"):
                await client.delete(id_, outputs | changes)
        assert (await known(place))[1:] == (True, True)

    run(body)


def test_who_may_not_look_is_told(place: Place) -> None:
    async def body(client: Client) -> None:
        id_, outputs = await made(client, place)
        stranger = str(place.server.kubeconfig_for("stranger"))
        with pytest.raises(Refusal, match=r"403 .*allow get of pods, volume claims and the namespace, and patch"):
            await client.delete(id_, outputs | {"kubeconfig": stranger})

    run(body)


def test_a_server_that_is_away_is_waited_for(place: Place) -> None:
    async def body(client: Client) -> None:
        id_, outputs = await made(client, place)
        path = place.server.directory / "away.kubeconfig"
        port = free_block(1, place.server.address)
        path.write_text(place.server.kubeconfig.read_text().replace(str(place.server.port), str(port)))
        deleting = asyncio.ensure_future(client.delete(id_, outputs | {"kubeconfig": str(path)}))
        await until(lambda: any("which does not answer" in line for line in client.lines))
        await client.cancel()
        with pytest.raises(Refusal, match="which does not answer"):
            await deleting

    run(body)
