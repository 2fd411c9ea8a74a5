"""A member is not made for a cluster that another stack declares: its resource is the first of a cluster's."""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.channel.directory import DirectoryChannel
from etcd_ops.channel.port import DESIRED
from etcd_ops.model.spec import Desired, Formation, FormationMode, Mode
from pulumi_etcd.provider.ownership import rollout_urn
from pulumi_etcd.provider.resource import CustomResource
from pulumi_etcd.provider.stateful_set_members import StatefulSetMembers
from pulumi_etcd.provider.static_pod_members import StaticPodMembers
from tests.provider.harness import Client, Refusal
from tests.provider.local import with_client
from tests.provider.members import Place
from tests.rollout.samples import spec
from tests.servers.kubernetes import KubernetesServer

pytestmark = pytest.mark.xdist_group("provider-kubernetes")

OWN = "urn:pulumi:test::project::etcd:index:Rollout::demo"
OTHER = OWN.replace("::project::", "::other::")
OF_ANOTHER_CLUSTER = OWN.replace("::demo", "::orders")
INPUTS: dict[str, Any] = {"node": "node-a", "name": "demo-a-1"}
"""Of a member of either platform, with where it is."""
MEMBERS: dict[str, Callable[[], CustomResource]] = {
    "StatefulSetMember": StatefulSetMembers,
    "StaticPodMember": StaticPodMembers,
}


@pytest.fixture(autouse=True)
def place(server: KubernetesServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A namespace of a real API server, which is asked once it is known whose cluster it is."""
    namespace = f"n-{uuid.uuid4().hex[:8]}"
    for name, value in Place(server, namespace, server.make_namespace(namespace)).inputs().items():
        monkeypatch.setitem(INPUTS, name, value)


@pytest.fixture(params=MEMBERS)
def run(request: pytest.FixtureRequest) -> Callable[[Callable[[Client], Awaitable[None]]], None]:
    """Runs what speaks to the provider of either platform's members."""
    kind = str(request.param)
    return lambda body: with_client(MEMBERS[kind](), f"etcd:index:{kind}", body)


def inputs(directory: Path, **more: str) -> dict[str, Any]:
    return {**INPUTS, "channel": {"kind": "directory", "directory": str(directory)}, **more}


async def declare(directory: Path, owner: str, mode: Mode = Mode.ACTIVE) -> None:
    formation = Formation(token="t", mode=FormationMode.NEW)
    desired = Desired(generation=2, owner=owner, mode=mode, formation=formation, body=spec().to_wire())
    channel = DirectoryChannel(directory)
    await channel.put(DESIRED, desired.encode())
    await channel.close()


@pytest.mark.parametrize("owner", [OTHER, OF_ANOTHER_CLUSTER])
@pytest.mark.parametrize("mode", [Mode.ACTIVE, Mode.PAUSED])
def test_of_somebody_elses_cluster_no_member_is_made(run: Any, tmp_path: Path, owner: str, mode: Mode) -> None:
    async def body(client: Client) -> None:
        await declare(tmp_path, owner, mode)
        for given in (inputs(tmp_path), inputs(tmp_path, formerOwner=OWN.replace("::project::", "::third::"))):
            with pytest.raises(Refusal, match=f"channel: it holds the cluster of {re.escape(owner)}; name another"):
                await client.create(given)

    run(body)


def test_of_its_own_cluster_and_of_one_that_it_takes_over_it_is(run: Any, tmp_path: Path) -> None:
    async def body(client: Client) -> None:
        await client.create(inputs(tmp_path))
        await declare(tmp_path, OWN)
        await client.create(inputs(tmp_path))
        await declare(tmp_path, OTHER)
        await client.create(inputs(tmp_path, formerOwner=OTHER))
        assert client.lines == []

    run(body)


def test_a_preview_leaves_that_to_the_rollout(run: Any, tmp_path: Path) -> None:
    async def body(client: Client) -> None:
        await declare(tmp_path, OTHER)
        await client.create(inputs(tmp_path), preview=True)

    run(body)


def test_a_channel_that_cannot_be_read_is_told_and_left_to_the_rollout(run: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    async def body(client: Client) -> None:
        await client.create(inputs(tmp_path / "file"))
        assert [line.partition(",")[0] for line in client.lines] == ["not known whose cluster it is"]

    run(body)


def test_a_document_that_is_none_is_refused(run: Any, tmp_path: Path) -> None:
    (tmp_path / DESIRED).write_text("{")

    async def body(client: Client) -> None:
        with pytest.raises(Refusal):
            await client.create(inputs(tmp_path))

    run(body)


def test_the_rollout_has_the_same_parents() -> None:
    parents = "my:index:Platform$etcd:index:StatefulSetCluster"
    member = f"urn:pulumi:prod::shop::{parents}$etcd:index:StatefulSetMember::orders-a-1"
    assert rollout_urn(member, "orders") == f"urn:pulumi:prod::shop::{parents}$etcd:index:Rollout::orders"
