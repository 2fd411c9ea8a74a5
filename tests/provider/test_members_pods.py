"""Pods that do not come up while a rollout waits: it ends with the reason, and they make way for what is declared."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from etcd_ops.channel.port import status_name
from etcd_ops.pod.places import AGENT_TEMPLATE_ANNOTATION, TAKEN_BACK, TAKEN_BACK_ANNOTATION, TEMPLATE_ANNOTATION
from pulumi_etcd.kubernetes.naming import INSTANCE_LABEL, SLOT_LABEL
from pulumi_etcd.kubernetes.pod_states import StuckPod, stuck_pods
from pulumi_etcd.provider import agent_trials, members_pods
from pulumi_etcd.provider.rollouts import Rollouts
from tests.provider.harness import Client, InitFailed
from tests.provider.local import with_client
from tests.provider.members import Place, until
from tests.provider.rollouts import TOKEN
from tests.rollout.samples import spec, status
from tests.servers.kubernetes import KubernetesServer
from tests.servers.roles import API, give

pytestmark = pytest.mark.xdist_group("provider-kubernetes")
OLD, NEW = "old", "new"
UNPULLED = {"waiting": {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "wrong"'}}
RUNNING: dict[str, Any] = {"running": {}}
SLOT = "m0"
POD = "demo-m0-0"


class Looks:
    """What each look at the pods found."""

    def __init__(self) -> None:
        self.found: list[list[StuckPod]] = []

    def __call__(self, pods: Any, members: Any) -> list[StuckPod]:
        self.found.append(stuck_pods(pods, members))
        return self.found[-1]

    def enough(self) -> bool:
        return len(self.found) > 2


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    found = Looks()
    monkeypatch.setattr(members_pods, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(members_pods, "stuck_pods", found)
    return found


@pytest.fixture
def place(server: KubernetesServer) -> Place:
    namespace = f"n-{uuid.uuid4().hex[:8]}"
    found = Place(server, namespace, server.make_namespace(namespace))
    found.put("serviceaccounts", {"metadata": {"name": "default"}})
    return found


def put(
    place: Place, template: str, agents: str = "", slot: str = SLOT, image: str = "image", **states: dict[str, Any]
) -> None:
    """A pod of a template, and with an agent of another, with its containers in these states."""
    name = f"demo-{slot}-0"
    metadata: dict[str, Any] = {
        "name": name,
        "labels": {INSTANCE_LABEL: "demo", SLOT_LABEL: slot},
        "annotations": {TEMPLATE_ANNOTATION: template} | ({AGENT_TEMPLATE_ANNOTATION: agents} if agents else {}),
    }
    if agents:
        metadata["ownerReferences"] = [put_stateful_set(place, slot)]
    env = [{"name": TAKEN_BACK}]
    containers = [{"name": each, "image": image, "env": env} for each in states]
    place.put("pods", {"metadata": metadata, "spec": {"containers": containers, "automountServiceAccountToken": False}})
    path = f"/api/v1/namespaces/{place.namespace}/pods/{name}"
    found = place.server.request("GET", path)
    found["status"]["containerStatuses"] = [
        {"name": each, "state": state, "ready": False, "restartCount": 0, "image": image, "imageID": ""}
        for each, state in states.items()
    ]
    place.server.request("PUT", f"{path}/status", found)


def put_stateful_set(place: Place, slot: str) -> dict[str, Any]:
    """What made the pod, as it is declared by now; as the pod names it."""
    labels, name = {SLOT_LABEL: slot}, f"demo-{slot}"
    containers = [{"name": name, "image": "declared"} for name in ("etcd", "agent")]
    annotations = {TEMPLATE_ANNOTATION: NEW, AGENT_TEMPLATE_ANNOTATION: NEW}
    template = {"metadata": {"labels": labels, "annotations": annotations}, "spec": {"containers": containers}}
    wanted = {"selector": {"matchLabels": labels}, "serviceName": "demo", "template": template}
    path = f"/apis/apps/v1/namespaces/{place.namespace}/statefulsets"
    made = place.server.request("POST", path, {"metadata": {"name": name}, "spec": wanted})
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": name, "uid": made["metadata"]["uid"]}


def is_there(place: Place) -> bool:
    return bool(place.server.request("GET", f"/api/v1/namespaces/{place.namespace}/pods")["items"])


def inputs(place: Place, **changes: Any) -> dict[str, Any]:
    """Members in pods of template `new`, whose agents nobody runs."""
    cluster = spec().to_wire()
    for member in cluster["members"].values():
        member |= {"template": NEW, "agentTemplate": NEW}
    channel = place.inputs()["channel"]
    pods = {name: channel[name] for name in ("namespace", "namespaceUid", "kubeconfig", "context")}
    return {"channel": channel, "cluster": cluster, "deadlineSeconds": 90, "pods": pods, **changes}


def run(body: Callable[[Client], Awaitable[None]]) -> None:
    with_client(Rollouts(), TOKEN, body)


async def ended(
    client: Client, declared: dict[str, Any], enough: Callable[[], bool], meanwhile: Awaitable[None] | None = None
) -> str:
    """How the wait for such a cluster ended once that was enough.

    Args:
        client: of the provider.
        declared: the cluster.
        enough: asked again and again.
        meanwhile: what happens once it waits.
    """
    checked, failures = await client.check(declared)
    assert failures == []
    creating = asyncio.ensure_future(client.create(checked))
    if meanwhile is not None:
        await until(lambda: "generation 1 is written" in client.lines)
        await meanwhile
    await until(enough)
    await client.cancel()
    with pytest.raises(InitFailed) as problem:
        await creating
    return str(problem.value)


def test_a_declared_pod_that_does_not_come_up_is_told_and_left_alone(place: Place, looks: Looks) -> None:
    put(place, NEW, etcd=UNPULLED, agent=UNPULLED)

    async def body(client: Client) -> None:
        told = f'pod {POD}: its container etcd does not run: ImagePullBackOff: Back-off pulling image "wrong"'
        assert told in await ended(client, inputs(place), looks.enough)
        assert client.lines.count(told) == 1

    run(body)
    assert is_there(place)


def test_a_pod_that_does_not_come_up_makes_way_for_the_declared_one(place: Place, looks: Looks) -> None:
    put(place, OLD, etcd=UNPULLED, agent=UNPULLED)

    async def body(client: Client) -> None:
        assert POD not in await ended(client, inputs(place), looks.enough)
        assert f"pod {POD} makes way for the declared one" in client.lines

    run(body)
    assert not is_there(place)


@pytest.mark.parametrize(
    ("states", "changes"),
    [
        ({"etcd": RUNNING, "agent": UNPULLED}, {}),
        ({"etcd": RUNNING, "agent": RUNNING}, {}),
        ({"etcd": {"waiting": {"reason": "ContainerCreating"}}}, {}),
        ({"etcd": UNPULLED}, {"mode": "paused"}),
        ({"etcd": UNPULLED}, {"mode": "observe-only"}),
    ],
)
def test_etcd_that_runs_or_may_soon_run_or_is_left_alone_is_not_deleted(
    place: Place, looks: Looks, states: dict[str, Any], changes: dict[str, Any]
) -> None:
    put(place, OLD, **states)

    async def body(client: Client) -> None:
        await ended(client, inputs(place, **changes), looks.enough)

    run(body)
    assert is_there(place)


def images(place: Place) -> dict[str, str]:
    found = place.server.request("GET", f"/api/v1/namespaces/{place.namespace}/pods/{POD}")
    return {each["name"]: each["image"] for each in found["spec"]["containers"]}


def test_beside_an_etcd_that_runs_the_declared_agent_takes_the_place_of_one_that_does_not(
    place: Place, looks: Looks
) -> None:
    put(place, NEW, agents=OLD, etcd=RUNNING, agent=UNPULLED)

    async def body(client: Client) -> None:
        await ended(client, inputs(place), looks.enough)
        assert f"the agent in pod {POD} makes way for the declared one" in client.lines

    run(body)
    assert images(place) == {"etcd": "image", "agent": "declared"}


@pytest.mark.parametrize(
    ("agents", "states", "changes"),
    [
        (OLD, {"etcd": RUNNING, "agent": RUNNING}, {}),
        (NEW, {"etcd": RUNNING, "agent": UNPULLED}, {}),
        (OLD, {"etcd": RUNNING, "agent": UNPULLED}, {"mode": "paused"}),
    ],
)
def test_an_agent_that_runs_or_is_declared_or_left_alone_is_not_exchanged(
    place: Place, looks: Looks, agents: str, states: dict[str, Any], changes: dict[str, Any]
) -> None:
    put(place, NEW, agents=agents, **states)

    async def body(client: Client) -> None:
        await ended(client, inputs(place, **changes), looks.enough)

    run(body)
    assert images(place) == {"etcd": "image", "agent": "image"}


OTHER = "demo-m1-0"


async def tell(place: Place, **templates: str) -> None:
    """Statuses of agents, by slot, which say what these are of."""
    channel = place.channel()
    try:
        for slot, template in templates.items():
            await channel.put(status_name(slot), status(slot, agent_template=template).encode())
    finally:
        await channel.close()


def put_agent(place: Place, slot: str, template: str, state: dict[str, Any]) -> None:
    """A pod with a running etcd and an agent of this template, and of an image of the same name."""
    put(place, NEW, agents=template, slot=slot, image=template, etcd=RUNNING, agent=state)


def found_in(place: Place, name: str) -> tuple[str, str]:
    """Image of the agent in a pod, and what the pod says that was taken back."""
    found = place.server.request("GET", f"/api/v1/namespaces/{place.namespace}/pods/{name}")
    (image,) = (each["image"] for each in found["spec"]["containers"] if each["name"] == "agent")
    return image, found["metadata"]["annotations"].get(TAKEN_BACK_ANNOTATION, "")


@pytest.mark.parametrize(
    ("state", "reason"),
    [(UNPULLED, 'ImagePullBackOff: Back-off pulling image "wrong"'), (RUNNING, "it published nothing within 0 s")],
)
def test_a_declared_agent_that_publishes_nothing_makes_way_for_the_one_before_it(
    place: Place, looks: Looks, monkeypatch: pytest.MonkeyPatch, state: dict[str, Any], reason: str
) -> None:
    monkeypatch.setattr(agent_trials, "TRIAL_SECONDS", 0.3)
    put_agent(place, SLOT, NEW, state)
    put_agent(place, "m1", OLD, RUNNING)

    async def body(client: Client) -> None:
        await ended(client, inputs(place), lambda: found_in(place, POD)[0] == OLD, tell(place, m0=OLD, m1=OLD))
        told = f"the agent in pod {POD} makes way for the one before it: "
        assert [line.endswith(reason) for line in client.lines if line.startswith(told)] == [True]

    run(body)
    image, taken_back = found_in(place, POD)
    assert image == OLD
    digest, _, told = taken_back.partition(" ")
    assert (len(digest), told.endswith(reason)) == (64, True)
    assert found_in(place, OTHER) == (OLD, "")


@pytest.mark.parametrize(
    ("published", "seconds", "changes"),
    [(NEW, 0.0, {}), (OLD, 600.0, {}), (OLD, 0.0, {"mode": "paused"})],
    ids=["it has published", "it may still publish", "left alone"],
)
def test_an_agent_that_published_or_may_do_so_or_is_left_alone_stays(
    place: Place, looks: Looks, monkeypatch: pytest.MonkeyPatch, published: str, seconds: float, changes: dict[str, Any]
) -> None:
    monkeypatch.setattr(agent_trials, "TRIAL_SECONDS", seconds)
    put_agent(place, SLOT, NEW, UNPULLED)
    put_agent(place, "m1", OLD, RUNNING)

    async def body(client: Client) -> None:
        async def meanwhile() -> None:
            await tell(place, m0=published, m1=OLD)
            looks.found.clear()

        await ended(client, inputs(place, **changes), looks.enough, meanwhile())

    run(body)
    assert found_in(place, POD) == (NEW, "")


def test_a_pod_whose_agents_image_alone_is_wrong_makes_way_where_etcd_does_not_run(place: Place, looks: Looks) -> None:
    """As at its first start, where nothing can be prepared without that image."""
    put(place, NEW, agents=OLD, etcd={"waiting": {"reason": "PodInitializing"}}, agent=UNPULLED)

    async def body(client: Client) -> None:
        await ended(client, inputs(place), looks.enough)

    run(body)
    assert not is_there(place)


def test_what_came_up_meanwhile_is_not_deleted(place: Place, looks: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
    put(place, OLD, etcd=UNPULLED)

    def late(*arguments: Any) -> Any:
        found = looks(*arguments)
        place.server.request("DELETE", f"/api/v1/namespaces/{place.namespace}/pods/{POD}")
        put(place, OLD, etcd=RUNNING)
        monkeypatch.setattr(members_pods, "stuck_pods", looks)
        return found

    monkeypatch.setattr(members_pods, "stuck_pods", late)

    async def body(client: Client) -> None:
        await ended(client, inputs(place), looks.enough)

    run(body)
    assert is_there(place)


def test_who_may_not_look_is_told_and_waits_all_the_same(place: Place) -> None:
    user = f"user-{place.namespace}"
    stranger = str(place.server.kubeconfig_for(user))
    allow(place, user)

    async def body(client: Client) -> None:
        declared = inputs(place)
        declared["pods"]["kubeconfig"] = stranger
        told = "allow get, list, patch and delete of pods"
        assert "no status" in await ended(client, declared, lambda: any(told in line for line in client.lines))

    run(body)


def test_pods_of_which_nobody_says_where_they_are_are_left_alone(place: Place, looks: Looks) -> None:
    put(place, OLD, etcd=UNPULLED, agent=UNPULLED)

    async def body(client: Client) -> None:
        declared = inputs(place) | {"deadlineSeconds": 2}
        del declared["pods"]
        checked, failures = await client.check(declared)
        assert failures == []
        with pytest.raises(InitFailed, match="no status"):
            await client.create(checked)

    run(body)
    assert looks.found == []
    assert is_there(place)


def allow(place: Place, user: str) -> None:
    """Whatever a channel needs, and no pods."""
    rules = [
        {"apiGroups": [""], "resources": ["configmaps", "namespaces"], "verbs": ["*"]},
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["*"]},
    ]
    metadata = {"name": "channel", "namespace": place.namespace}
    give(place.server, {"apiVersion": API, "kind": "Role", "metadata": metadata, "rules": rules}, user)
