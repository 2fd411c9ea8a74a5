"""Volumes of members that grow: what a preview refuses, what a claim is asked for, and what comes of a later one."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_etcd.provider import namespaces
from pulumi_etcd.provider.claims import shrunk
from pulumi_etcd.provider.stateful_set_members import StatefulSetMembers
from tests.provider.harness import Client, Refusal
from tests.provider.local import with_client
from tests.provider.members import Place
from tests.servers.kubernetes import KubernetesServer
from tests.servers.ports import free_block

pytestmark = pytest.mark.xdist_group("provider-kubernetes")
TOKEN = "etcd:index:StatefulSetMember"
GIB = 1024**3
CLAIM = "data-demo-a-1-0"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"


@pytest.fixture(scope="module", autouse=True)
def classes(server: KubernetesServer) -> None:
    for name, grows in (("growing", True), ("rigid", False)):
        content = {"metadata": {"name": name}, "provisioner": "example.com/disk", "allowVolumeExpansion": grows}
        server.request("POST", CLASSES, content)


@pytest.fixture
def place(server: KubernetesServer, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(namespaces, "POLL", 0.05)
    namespace = f"n-{uuid.uuid4().hex[:8]}"
    return Place(server, namespace, server.make_namespace(namespace))


def path(place: Place) -> str:
    return f"/api/v1/namespaces/{place.namespace}/persistentvolumeclaims/{CLAIM}"


def claim(place: Place, storage_class: str | None = "growing", size: str = "1Gi", phase: str = "Bound") -> None:
    """Make the member's claim, as a StatefulSet's controller and a storage driver do."""
    of_class = {} if storage_class is None else {"storageClassName": storage_class}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **of_class}
    place.put("persistentvolumeclaims", {"metadata": {"name": CLAIM}, "spec": spec})
    found = place.server.request("GET", path(place))
    found["status"] = {"phase": phase, "capacity": {"storage": size}}
    place.server.request("PUT", f"{path(place)}/status", found)


def asked(place: Place) -> str:
    """What the claim asks for."""
    found: str = place.server.request("GET", path(place))["spec"]["resources"]["requests"]["storage"]
    return found


def run(body: Callable[[Client], Awaitable[None]]) -> None:
    with_client(StatefulSetMembers(), TOKEN, body)


async def grow(client: Client, place: Place, size: int, *, preview: bool = False) -> dict[str, Any]:
    """Declare a member of one gibibyte, and then another size of its volume."""
    before, after = place.inputs(), place.inputs(volumeBytes=size)
    id_, outputs = await client.create(before)
    _, failures = await client.check(after, before)
    assert failures == []
    return await client.update(id_, outputs, after, preview=preview)


def test_a_volume_that_is_declared_larger_is_asked_for(place: Place) -> None:
    async def body(client: Client) -> None:
        claim(place)
        assert (await grow(client, place, 2 * GIB, preview=True))["volumeBytes"] == 2 * GIB
        assert asked(place) == "1Gi"
        assert (await grow(client, place, 2 * GIB))["volumeBytes"] == 2 * GIB
        assert asked(place) == str(2 * GIB)
        assert client.lines == [f"volume claim {CLAIM} asks for {2 * GIB} bytes now, where it asked for 1Gi"]

    run(body)


def test_a_claim_that_is_large_enough_is_left_alone(place: Place) -> None:
    """Somebody enlarged it by hand; nor is anything wrong with one that is still to be made."""

    async def body(client: Client) -> None:
        await grow(client, place, 2 * GIB)
        claim(place, "rigid", "3Gi")
        await grow(client, place, 2 * GIB)
        assert asked(place) == "3Gi"
        assert client.lines == []

    run(body)


def test_a_claim_that_was_made_anew_is_seen_and_enlarged(place: Place) -> None:
    async def body(client: Client) -> None:
        inputs = place.inputs(volumeBytes=2 * GIB)
        id_, outputs = await client.create(inputs)
        assert list((await client.diff(id_, outputs, inputs, inputs)).diffs) == []
        claim(place)
        seen = await client.diff(id_, outputs, inputs, inputs)
        assert (list(seen.diffs), list(seen.replaces)) == (["objects"], [])
        assert client.lines == [f"volume claim {CLAIM} asks for 1Gi, and {2 * GIB} are declared"]
        await client.update(id_, outputs, inputs)
        assert asked(place) == str(2 * GIB)
        assert list((await client.diff(id_, outputs, inputs, inputs)).diffs) == []

    run(body)


@given(st.integers(1, 10**15), st.integers(1, 10**15))
def test_only_a_smaller_volume_is_one_that_shrinks(before: int, after: int) -> None:
    problems = shrunk({"volumeBytes": before}, {"volumeBytes": after})
    assert [each.path for each in problems] == (["volumeBytes"] if after < before else [])
    assert shrunk({}, {"volumeBytes": after}) == ()


def test_a_volume_that_is_declared_smaller_is_refused_without_a_look(place: Place) -> None:
    async def body(client: Client) -> None:
        old = place.inputs(volumeBytes=2 * GIB)
        _, failures = await client.check(place.inputs(kubeconfig="/nowhere"), old)
        assert failures == [
            f"volumeBytes: cannot change from {2 * GIB} to {GIB}: volumes do not shrink; declare {2 * GIB} or more"
        ]

    run(body)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        ({"storage_class": "rigid"}, "is of the storage class rigid, whose volumes do not grow; set its allowVolume"),
        ({"storage_class": "gone"}, "is of the storage class gone, which is gone; bring it back, or"),
        ({"storage_class": None}, "is of no storage class, and its volume cannot grow; declare what it was"),
        ({"phase": "Pending"}, "is Pending, and only one that is bound can be enlarged; see why"),
    ],
)
def test_a_volume_that_cannot_grow_is_refused_at_preview_and_at_last(
    place: Place, made: dict[str, Any], reason: str
) -> None:
    async def body(client: Client) -> None:
        claim(place, **made)
        before, after = place.inputs(), place.inputs(volumeBytes=2 * GIB)
        _, failures = await client.check(after, before)
        assert len(failures) == 1
        assert failures[0].startswith(f"volumeBytes: volume claim {CLAIM} {reason}"), failures
        id_, outputs = await client.create(before)
        with pytest.raises(Refusal, match=f"volumeBytes: volume claim {CLAIM} is "):
            await client.update(id_, outputs, after)
        assert asked(place) == "1Gi"
        assert (await client.check(before, before))[1] == []

    run(body)


def test_who_may_not_see_classes_hears_it_from_the_api_server(place: Place) -> None:
    async def body(client: Client) -> None:
        claim(place, "rigid")
        operator = str(allowed(place))
        before = place.inputs(kubeconfig=operator)
        after = before | {"volumeBytes": 2 * GIB}
        assert (await client.check(after, before))[1] == []
        id_, outputs = await client.create(before)
        with pytest.raises(Refusal, match=r"volumeBytes: .* cannot be enlarged: .*must support resize; .*declare what"):
            await client.update(id_, outputs, after)
        assert asked(place) == "1Gi"

    run(body)


def allowed(place: Place) -> Any:
    """The kubeconfig of somebody who has what docs/kubernetes.md asks for in the namespace, and nothing beyond."""
    rbac, user = "rbac.authorization.k8s.io", f"operator-{place.namespace}"
    rules = [
        {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["persistentvolumeclaims"], "verbs": ["get", "patch"]},
    ]
    at = f"/apis/{rbac}/v1/namespaces/{place.namespace}"
    place.server.request("POST", f"{at}/roles", {"metadata": {"name": "operator"}, "rules": rules})
    binding = {
        "metadata": {"name": "operator"},
        "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "operator"},
        "subjects": [{"apiGroup": rbac, "kind": "User", "name": user}],
    }
    place.server.request("POST", f"{at}/rolebindings", binding)
    return place.server.kubeconfig_for(user)


def test_without_its_api_server_a_preview_says_so(place: Place) -> None:
    async def body(client: Client) -> None:
        away = place.server.directory / "away.kubeconfig"
        port = free_block(1, place.server.address)
        away.write_text(place.server.kubeconfig.read_text().replace(str(place.server.port), str(port)))
        before = place.inputs(kubeconfig=str(away))
        assert (await client.check(before | {"volumeBytes": 2 * GIB}, before))[1] == []
        [line] = client.lines
        assert line.startswith("judged without its volume claim: the API server of")

    run(body)
