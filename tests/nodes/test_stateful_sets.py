"""StatefulSetCluster on real nodes: from `pulumi up` to three healthy voters in three zones, and through its days."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, pairwise
from typing import Any

import pytest

from tests.nodes import images
from tests.nodes.cluster import OTHER, STANDARD, Cluster
from tests.nodes.every_platform import ADDED, WRITES, EveryPlatform, loaded, pids
from tests.nodes.stack import NAME, NAMESPACE, NEWER, SLOTS
from tests.nodes.stateful_set_stack import StatefulSetStack
from tests.nodes.test_cluster import until
from tests.workload.workload import Workload

pytestmark = [pytest.mark.nodes, pytest.mark.timeout(1200)]

HANDED_OVER = "received MsgTimeoutNow"
"""In the log of who is to lead, where the leader says so itself, and no election timeout has passed (raft: raft.go)."""
LARGER = 11 * 1024**3
"""Bytes of a volume, which has 10 GiB where nothing is declared."""


@pytest.fixture(scope="module")
def stack(roomy: Cluster) -> Iterator[StatefulSetStack]:
    """Three members, which tests leave as they found them."""
    with StatefulSetStack.on(roomy, {"zones": ["a", "b", "c"]}) as made:
        yield made
    until(lambda: roomy.plane.items(f"/api/v1/namespaces/{NAMESPACE}/pods") == [])


@pytest.fixture(scope="module", autouse=True)
def load(stack: StatefulSetStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workload]:
    """Clients, whatever happens here."""
    with loaded(stack, tmp_path_factory.mktemp("load")) as running:
        yield running


def test_three_voters_in_three_zones(stack: StatefulSetStack) -> None:
    stack.wait_in_order()
    until(lambda: stack.pods() == {f"{NAME}-{slot}-0": f"node-{slot[0]}" for slot in SLOTS})
    assert len(stack.etcdctl("a", "endpoint", "health", "--cluster").splitlines()) == 3


class TestEveryPlatform(EveryPlatform):
    """What holds here, too."""


def test_a_deleted_pod_comes_back_with_its_data(stack: StatefulSetStack) -> None:
    stack.etcdctl("a", "put", "key", "value")
    before = stack.pod("b-1")["metadata"]["uid"]
    members = {each["name"]: each["id"] for each in stack.listed()}
    stack.nodes.plane.request("DELETE", f"/api/v1/namespaces/{NAMESPACE}/pods/{NAME}-b-1-0")
    until(lambda: stack.pods().keys() != {f"{NAME}-{slot}-0" for slot in SLOTS})
    stack.wait_in_order()
    assert stack.pod("b-1")["metadata"]["uid"] != before
    assert {each["name"]: each["id"] for each in stack.listed()} == members
    assert stack.etcdctl("c", "get", "key", "--print-value-only").strip() == "value"


@pytest.mark.soak
def test_another_pod_is_made_one_after_the_other(stack: StatefulSetStack) -> None:
    before = {slot: stack.pod(slot)["metadata"]["uid"] for slot in SLOTS}
    stack.up(resources={"etcd": {"cpu": "110m"}})
    stack.wait_in_order()
    after = {slot: stack.pod(slot)["metadata"]["uid"] for slot in SLOTS}
    assert all(after[slot] != before[slot] for slot in SLOTS)
    assert_one_after_the_other(stack)


def test_another_image_of_the_agent_is_exchanged_beside_etcd(stack: StatefulSetStack) -> None:
    image, before, etcds = images.next_agent_image(), {slot: stack.containers(slot) for slot in SLOTS}, pids()
    stack.nodes.import_image(image)
    stack.up(agent={"image": image.reference})
    stack.wait_in_order()
    assert pids() == etcds
    after = {slot: stack.containers(slot) for slot in SLOTS}
    for slot in SLOTS:
        assert after[slot]["etcd"] == before[slot]["etcd"]
        assert after[slot]["agent"] != before[slot]["agent"]
        (agent,) = (each for each in stack.pod(slot)["spec"]["containers"] if each["name"] == "agent")
        assert agent["image"] == image.reference
    assert all("RecreateAgentPod" in stack.steps(slot) for slot in SLOTS)
    stack.up("--expect-no-changes")


def claimed(stack: StatefulSetStack) -> dict[str, str]:
    """What the members' claims ask for."""
    claims = stack.objects("persistentvolumeclaims")
    return {each["metadata"]["name"]: each["spec"]["resources"]["requests"]["storage"] for each in claims}


def test_a_volume_that_is_declared_larger_is_asked_for_and_nothing_else_happens(stack: StatefulSetStack) -> None:
    """Volumes are folders here, which do not grow: what can be seen is what the claims ask for."""
    sets = stack.sets()
    before = {slot: stack.containers(slot) for slot in SLOTS}
    stack.up(volume_bytes=LARGER)
    stack.wait_in_order()
    assert claimed(stack) == {f"data-{stack.pod_name(slot)}": str(LARGER) for slot in SLOTS}
    assert stack.sets() == sets
    assert {slot: stack.containers(slot) for slot in SLOTS} == before
    stack.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--stack", "e2e")
    stack.up("--expect-no-changes")


def test_a_lost_claim_is_replaced_by_itself(stack: StatefulSetStack) -> None:
    """Its name has one claim at a time: the new one's volume took the place of the old one's."""
    stack.etcdctl("a", "put", "key", "value")
    core = f"/api/v1/namespaces/{NAMESPACE}"
    members = {each["name"]: each["id"] for each in stack.listed()}
    stack.nodes.plane.request("DELETE", f"{core}/persistentvolumeclaims/data-{NAME}-c-1-0")
    stack.nodes.plane.request("DELETE", f"{core}/pods/{NAME}-c-1-0")

    def listed() -> dict[str, str]:
        return {each["name"]: each["id"] for each in stack.listed()}

    stack.eventually(lambda: listed().get("c-1") not in (None, members["c-1"]), "another member")
    stack.wait_in_order()
    after = listed()
    assert {slot for slot in SLOTS if after[slot] != members[slot]} == {"c-1"}
    assert stack.etcdctl("c", "get", "key", "--print-value-only").strip() == "value"
    stack.up(volume_bytes=LARGER)
    assert claimed(stack)[f"data-{NAME}-c-1-0"] == str(LARGER)


def classes(stack: StatefulSetStack) -> dict[str, str]:
    """The storage class of every claim."""
    claims = stack.objects("persistentvolumeclaims")
    return {each["metadata"]["name"]: each["spec"]["storageClassName"] for each in claims}


@pytest.mark.soak
def test_another_storage_class_comes_with_other_members(stack: StatefulSetStack, load: Workload) -> None:
    """Slots that are there keep their volumes until they are dropped; what they held is in the new ones by then."""
    stack.etcdctl("a", "put", "key", "moved")
    assert set(classes(stack).values()) == {STANDARD}
    stack.place((*SLOTS, *ADDED))
    stack.up(storage_class=OTHER, storage_classes=dict.fromkeys(SLOTS, ""))
    stack.wait_in_order(5)
    wanted = dict.fromkeys(SLOTS, STANDARD) | dict.fromkeys(ADDED, OTHER)
    assert classes(stack) == {f"data-{stack.pod_name(slot)}": each for slot, each in wanted.items()}
    stack.place((SLOTS[2], *ADDED))
    stack.declare(storage_classes=None)
    stack.up(storage_classes={SLOTS[2]: ""})
    stack.wait_in_order()
    wanted = {SLOTS[2]: STANDARD} | dict.fromkeys(ADDED, OTHER)
    assert classes(stack) == {f"data-{stack.pod_name(slot)}": each for slot, each in wanted.items()}
    assert stack.etcdctl("d", "get", "key", "--print-value-only").strip() == "moved"
    load.wait_for(acknowledged=WRITES)
    stack.place((*SLOTS, *ADDED))
    stack.declare(storage_classes=None)
    stack.up(storage_class=None, storage_classes=dict.fromkeys(ADDED, OTHER))
    stack.wait_in_order(5)
    stack.place(SLOTS)
    stack.up(storage_classes=None)
    stack.wait_in_order()
    assert set(classes(stack).values()) == {STANDARD}


def set_schedulable(stack: StatefulSetStack, slot: str, *, schedulable: bool) -> None:
    """Cordon the node of a slot, or undo that."""
    stack.nodes.plane.set_schedulable(stack.nodes.nodes[slot[0]].name, schedulable=schedulable)


@pytest.mark.parametrize("slot", SLOTS)
def test_drains_take_one_member_at_a_time(stack: StatefulSetStack, slot: str) -> None:
    """The budget keeps the others while one, which led and handed that over before it ended, has no node to run on."""
    stack.etcdctl("a", "put", "key", slot)
    before = {each["name"]: each["id"] for each in stack.listed()}
    stack.etcdctl("a", "move-leader", before[slot])
    until(lambda: len(stack.pods()) == len(SLOTS))
    others = [stack.pod_name(other) for other in SLOTS if other != slot]
    handed_over = sum(stack.nodes.logged(NAMESPACE, other, HANDED_OVER) for other in others)
    set_schedulable(stack, slot, schedulable=False)
    try:
        until(lambda: stack.evict(slot) == 201)
        until(lambda: stack.pod_name(slot) not in stack.pods())
        assert [stack.evict(other) for other in SLOTS if other != slot] == [429, 429]
        assert sum(stack.nodes.logged(NAMESPACE, other, HANDED_OVER) for other in others) == handed_over + 1
        assert stack.etcdctl("a", "get", "key", "--print-value-only").strip() == slot
    finally:
        set_schedulable(stack, slot, schedulable=True)
    stack.wait_in_order()
    assert {each["name"]: each["id"] for each in stack.listed()} == before


def test_an_upgrade_takes_one_member_at_a_time(stack: StatefulSetStack) -> None:
    stack.upgrade(NEWER)
    assert all("RecreatePod" in stack.steps(slot) for slot in SLOTS)
    assert_one_after_the_other(stack)


def assert_one_after_the_other(stack: StatefulSetStack) -> None:
    """No pod was made before etcd ran in the one made before it."""
    pods = sorted((stack.pod(slot) for slot in SLOTS), key=lambda pod: str(pod["metadata"]["creationTimestamp"]))
    running = [container(pod, "etcd")["state"]["running"]["startedAt"] for pod in pods]
    made = [pod["metadata"]["creationTimestamp"] for pod in pods]
    assert all(ran <= then for ran, then in pairwise(chain.from_iterable(zip(made, running, strict=True))))


def container(pod: dict[str, Any], name: str) -> dict[str, Any]:
    """The status of a container."""
    (found,) = (each for each in pod["status"]["containerStatuses"] if each["name"] == name)
    return dict(found)
