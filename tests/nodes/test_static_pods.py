"""StaticPodCluster on real nodes: from `pulumi up` to three healthy voters in three zones, and through its days."""

from __future__ import annotations

import json
import shutil
import signal
import stat
import time
from collections.abc import Iterator

import pytest

from etcd_ops.runtime.foreign import holder
from etcd_ops.volume.layout import VolumeLayout
from etcd_ops.zone.process import Process, look, send
from tests.nodes import images
from tests.nodes.cluster import DIRECTORY, Cluster
from tests.nodes.every_platform import ADDED, WRITES, EveryPlatform, ids, loaded
from tests.nodes.stack import NAMESPACE, NEWER, SLOTS
from tests.nodes.static_pod_stack import StaticPodStack, folder, place
from tests.nodes.test_cluster import until
from tests.workload.workload import Workload

pytestmark = [pytest.mark.nodes, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def stack(roomy: Cluster) -> Iterator[StaticPodStack]:
    """Three members, which tests leave as they found them."""
    arguments = {
        "slots": {slot: place(roomy, slot) for slot in SLOTS},
        "data_directory": str(DIRECTORY / "volumes"),
        "run_directory": str(DIRECTORY / "runs"),
    }
    with StaticPodStack.on(roomy, arguments) as made:
        yield made
    until(lambda: roomy.plane.items(f"/api/v1/namespaces/{NAMESPACE}/pods") == [])
    for slot in (*SLOTS, *ADDED):
        assert made.remains(slot) == []


def uids(stack: StaticPodStack) -> dict[str, str]:
    """Of the static pods' mirrors, which are those of the pods."""
    return {slot: stack.pod(slot)["metadata"]["uid"] for slot in SLOTS}


@pytest.fixture(scope="module", autouse=True)
def load(stack: StaticPodStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workload]:
    """Clients, whatever happens here."""
    with loaded(stack, tmp_path_factory.mktemp("load")) as running:
        yield running


def test_three_voters_in_three_zones(stack: StaticPodStack) -> None:
    stack.wait_in_order()
    until(lambda: {stack.pod_name(slot) for slot in SLOTS} <= stack.pods().keys())
    assert {stack.pods()[stack.pod_name(slot)] for slot in SLOTS} == {f"node-{slot[0]}" for slot in SLOTS}
    assert len(stack.etcdctl("a", "endpoint", "health", "--cluster").splitlines()) == 3


class TestEveryPlatform(EveryPlatform):
    """What holds here, too."""


@pytest.mark.soak
def test_a_lost_quorum_restarts_nothing(stack: StaticPodStack, load: Workload) -> None:
    """For longer than liveness may fail before a kubelet ends a container."""
    before = {slot: stack.containers(slot) for slot in SLOTS}
    (etcd,) = stack.pod(SLOTS[0])["spec"]["containers"]
    probe = etcd["livenessProbe"]
    window = (probe["failureThreshold"] + 1) * probe["periodSeconds"]
    zones = [stack.nodes.nodes[slot[0]].zone for slot in SLOTS[1:]]
    with load.mark("no quorum"):
        for zone in zones:
            zone.cut()
        ended = time.monotonic() + window
        try:
            until(lambda: time.monotonic() >= ended, within=2 * window)
        finally:
            for zone in zones:
                zone.heal()
    stack.wait_in_order()
    load.wait_for(acknowledged=WRITES)
    assert {slot: stack.containers(slot) for slot in SLOTS} == before


@pytest.mark.parametrize(
    "wrong", [None, "garbage: [", *(pytest.param(wrong, marks=pytest.mark.soak) for wrong in ("{}", ""))]
)
def test_a_manifest_that_was_deleted_or_replaced_is_put_back(stack: StaticPodStack, wrong: str | None) -> None:
    before, manifest = ids(stack), stack.manifest("b-1")
    right = manifest.read_bytes()
    if wrong is None:
        manifest.unlink()
    else:
        manifest.write_text(wrong)
    stack.eventually(lambda: manifest.is_file() and manifest.read_bytes() == right, "the manifest again")
    stack.wait_in_order()
    assert ids(stack) == before


@pytest.mark.soak
def test_other_pods_are_made_one_after_the_other(stack: StaticPodStack) -> None:
    before, agents = uids(stack), stack.agent_pods()
    stack.up(resources={"etcd": {"cpu": "110m"}})
    stack.wait_in_order()
    after = uids(stack)
    assert all(after[slot] != before[slot] for slot in SLOTS)
    assert stack.agent_pods() == agents
    assert all("RecreatePod" in stack.steps(slot) for slot in SLOTS)


@pytest.mark.soak
def test_other_pods_of_agents_leave_etcd_alone(stack: StaticPodStack) -> None:
    before, agents = {slot: stack.containers(slot) for slot in SLOTS}, stack.agent_pods()
    stack.up(resources={"agent": {"cpu": "60m"}})
    stack.wait_in_order()
    assert {slot: stack.containers(slot) for slot in SLOTS} == before
    assert not set(stack.agent_pods().values()) & set(agents.values())
    assert all("RecreateAgentPod" in stack.steps(slot) for slot in SLOTS)


def test_another_image_of_the_agents_is_rolled_through_both_pods(stack: StaticPodStack, load: Workload) -> None:
    """A supervisor of that image runs etcd: its pod is made anew as well, through the gate."""
    image, before, members = images.next_agent_image(), uids(stack), ids(stack)
    stack.nodes.import_image(image)
    stack.up(agent={"image": image.reference})
    stack.wait_in_order()
    assert all({"RecreateAgentPod", "RecreatePod"} <= set(stack.steps(slot)) for slot in SLOTS)
    assert not set(uids(stack).values()) & set(before.values())
    assert image.reference in {each["image"] for slot in SLOTS for each in stack.pod(slot)["spec"]["containers"]}
    assert ids(stack) == members
    load.wait_for(acknowledged=WRITES)


def processes(slot: str) -> tuple[Process, Process]:
    """Etcd, and the supervisor that is its container's first process."""
    etcd = holder(VolumeLayout(folder("volumes") / slot).data)
    assert etcd is not None
    supervisor = look(etcd.parent)
    assert supervisor is not None and "supervisord" in " ".join(supervisor.command)
    return etcd, supervisor


def test_a_kubelet_alone_brings_a_member_back(stack: StaticPodStack) -> None:
    """Neither the agent nor its API server is needed."""
    plane = stack.nodes.plane
    plane.kill_api()
    try:
        killed = processes("b-1")
        for process in reversed(killed):
            send(process, signal.SIGKILL)
        until(lambda: runs_again("b-1", killed))
        known = json.loads(stack.context.read_text())
        url = f"--endpoints={known['members']['b-1']['clientUrl']}"
        until(lambda: stack.try_etcdctl("a", "endpoint", "health", url))
    finally:
        plane.start_api()
    stack.wait_in_order()
    until(lambda: plane_knows(stack, "b-1"))


def runs_again(slot: str, killed: tuple[Process, Process]) -> bool:
    """In a container that was made since."""
    etcd = holder(VolumeLayout(folder("volumes") / slot).data)
    return etcd is not None and etcd.pid != killed[0].pid and etcd.parent != killed[1].pid


def test_all_nodes_lose_power_and_come_back_by_themselves(stack: StaticPodStack) -> None:
    """Their API server comes back last: in a Kubernetes cluster that they back, it could not come back before them."""
    stack.etcdctl("a", "put", "key", "value")
    before, plane = ids(stack), stack.nodes.plane
    plane.kill_api()
    try:
        stack.lose_power_and_return()
        assert stack.etcdctl("a", "get", "key", "--print-value-only").strip() == "value"
    finally:
        plane.start_api()
    stack.wait_in_order()
    assert ids(stack) == before


@pytest.mark.parametrize("slot", SLOTS)
def test_nodes_go_off_and_come_back_one_after_the_other(stack: StaticPodStack, load: Workload, slot: str) -> None:
    before, node = ids(stack), stack.node(slot)
    node.lose_power()
    try:
        load.wait_for(acknowledged=WRITES, timeout=120)
    finally:
        node.start_kubelet(stack.nodes.plane.kubeconfig_of(node))
    stack.wait_in_order()
    load.wait_for(acknowledged=WRITES)
    assert ids(stack) == before


def plane_knows(stack: StaticPodStack, slot: str) -> bool:
    """The mirror tells the container that runs: its kubelet has reached the API server again."""
    (_, supervisor), status = processes(slot), stack.containers(slot)["etcd"]
    identity, started = status[0].removeprefix("containerd://"), stack.node(slot).ctr("tasks", "ls").stdout
    return f"{identity} {supervisor.pid} " in " ".join(started.split()) + " "


def test_the_token_that_is_lent_is_the_agents(stack: StaticPodStack) -> None:
    lent = folder("runs") / "a-1" / "token"
    until((lent / "namespace").is_file)
    assert (lent / "namespace").read_text() == NAMESPACE
    assert {stat.S_IMODE(each.stat().st_mode) for each in lent.iterdir()} == {0o600}


def test_a_member_whose_data_were_wiped_is_replaced(stack: StaticPodStack) -> None:
    stack.etcdctl("a", "put", "key", "value")
    before = ids(stack)
    stack.wipe("c-1")
    stack.eventually(lambda: ids(stack).get("c-1") not in (None, before["c-1"]), "another member")
    stack.wait_in_order()
    after = ids(stack)
    assert {slot for slot in SLOTS if after[slot] != before[slot]} == {"c-1"}
    assert stack.etcdctl("c", "get", "key", "--print-value-only").strip() == "value"


@pytest.mark.soak
def test_a_volume_that_was_wiped_as_a_whole_waits_for_an_operator(stack: StaticPodStack) -> None:
    """Nothing on it tells it from the wrong disk."""
    stack.etcdctl("a", "put", "key", "value")
    before = ids(stack)
    etcd, _ = processes("b-1")
    for each in (folder("volumes") / "b-1").iterdir():
        shutil.rmtree(each) if each.is_dir() else each.unlink()
    send(etcd, signal.SIGKILL)
    asked = "etcd-ops approve replace b-1"
    stack.eventually(lambda: any(asked in reason for reason in stack.reasons()), "a replacement is asked for")
    assert ids(stack) == before
    stack.ops("approve", "replace", "b-1")
    stack.eventually(lambda: ids(stack).get("b-1") not in (None, before["b-1"]), "another member")
    stack.wait_in_order()
    assert stack.etcdctl("b", "get", "key", "--print-value-only").strip() == "value"


def test_an_upgrade_restarts_etcd_and_no_container(stack: StaticPodStack) -> None:
    """The new program comes with the agent's pod, and is kept on the volume."""
    stack.etcdctl("a", "put", "key", "value")
    before = {slot: stack.containers(slot) for slot in SLOTS}
    stack.upgrade(NEWER)
    assert {slot: stack.containers(slot) for slot in SLOTS} == before
    assert stack.etcdctl("c", "get", "key", "--print-value-only").strip() == "value"
