"""A cluster that backs the API server of its own nodes: agents are static pods, too, and the channel is a bucket.

The API server begins with another etcd, through which the agents are installed; then its objects are copied to the
cluster, and it goes on from there. From then on nothing helps the cluster but its kubelets and the bucket.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.nodes import buckets, processes
from tests.nodes.cluster import DIRECTORY, Cluster
from tests.nodes.copying import Credentials
from tests.nodes.every_platform import ids, pids
from tests.nodes.objects_load import ObjectsLoad
from tests.nodes.stack import NAMESPACE, NEWER, SLOTS
from tests.nodes.static_pod_stack import StaticPodStack, folder, place
from tests.nodes.test_cluster import until

pytestmark = [pytest.mark.nodes, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def bucket(running: Cluster) -> Iterator[dict[str, Any]]:
    """The channel's connection."""
    with buckets.channel() as connection:
        yield connection


@pytest.fixture(scope="module")
def stack(running: Cluster, bucket: dict[str, Any]) -> Iterator[StaticPodStack]:
    """Three members, which tests leave as they found them."""
    arguments = {
        "slots": {slot: place(running, slot) for slot in SLOTS},
        "data_directory": str(DIRECTORY / "volumes"),
        "run_directory": str(DIRECTORY / "runs"),
        "channel": bucket,
        "credentials_file": str(buckets.CREDENTIALS),
    }
    with StaticPodStack.on(running, arguments, agent={"kind": "static-pod"}) as made:
        yield made
    until(lambda: all(made.remains(slot) == [] for slot in SLOTS))
    assert list(folder("volumes").iterdir()) == []


@pytest.fixture(scope="module")
def own(stack: StaticPodStack) -> Iterator[StaticPodStack]:
    """The same, with the nodes' API server on it, and back where it was in the end: it could not see itself off."""
    known = json.loads(stack.context.read_text())
    credentials = Credentials(known["ca"], known["cert"], known["key"])
    stack.nodes.move_store(known["endpoints"], credentials, partial(stack.nodes.named, "a"))
    yield stack
    stack.nodes.move_store_back()


def test_three_voters_and_nothing_of_them_in_the_api_server(stack: StaticPodStack) -> None:
    """But for the mirrors that kubelets make, and the Service."""
    stack.wait_in_order()
    until(lambda: {stack.pod_name(slot) for slot in SLOTS} <= stack.pods().keys())
    assert stack.objects("secrets") == []
    assert {each["metadata"]["name"] for each in stack.objects("configmaps")} <= {"kube-root-ca.crt"}
    daemon_sets = stack.nodes.plane.items(f"/apis/apps/v1/namespaces/{NAMESPACE}/daemonsets")
    assert daemon_sets == []
    seen = stack.told()
    assert {each["name"]: each["healthy"] for each in seen["members"]} == dict.fromkeys(SLOTS, True)


def test_an_unchanged_declaration_changes_nothing(stack: StaticPodStack) -> None:
    assert "unchanged" in stack.up("--expect-no-changes").output
    stack.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--stack", "e2e")


@pytest.mark.soak
def test_agents_exchange_their_own_pods(stack: StaticPodStack) -> None:
    before, agents = {slot: stack.containers(slot) for slot in SLOTS}, stack.agent_pods()
    stack.up(resources={"agent": {"cpu": "60m"}})
    stack.wait_in_order()
    assert {slot: stack.containers(slot) for slot in SLOTS} == before
    until(lambda: not set(stack.agent_pods().values()) & set(agents.values()))
    assert all("RecreateAgentPod" in stack.steps(slot) for slot in SLOTS)


@pytest.mark.soak
@pytest.mark.parametrize("wrong", [None, "garbage: ["])
def test_an_agents_last_act_is_to_put_its_manifest_back(stack: StaticPodStack, wrong: str | None) -> None:
    """Its kubelet ends it as soon as it sees that there is none."""
    manifest, agent = agent_manifest(stack, "b-1"), processes.one(processes.agents("b"))
    right = manifest.read_bytes()
    agent.suspend()
    if wrong is None:
        manifest.unlink()
    else:
        manifest.write_text(wrong)
    until(lambda: processes.is_told_to_end(agent))
    agent.resume()
    until(lambda: manifest.is_file() and manifest.read_bytes() == right)
    agent.wait(60)
    until(lambda: processes.agents("b"))
    stack.wait_in_order()


@pytest.mark.soak
def test_an_agent_that_nobody_puts_back_is_installed_by_the_next_up(stack: StaticPodStack) -> None:
    manifest, agent = agent_manifest(stack, "c-1"), processes.one(processes.agents("c"))
    right = manifest.read_bytes()
    agent.suspend()
    manifest.unlink()
    until(lambda: processes.is_told_to_end(agent))
    agent.kill()
    until(lambda: "c-1" not in stack.agent_pods())
    assert not manifest.exists()
    stack.up()
    assert manifest.read_bytes() == right
    stack.wait_in_order()


def agent_manifest(stack: StaticPodStack, slot: str) -> Path:
    found = stack.manifest(slot)
    return found.with_name(f"{found.stem}.agent.json")


def test_renewed_leaves_are_installed_without_a_restart(own: StaticPodStack) -> None:
    """Through the API server that depends on them."""
    before = {slot: own.containers(slot) for slot in SLOTS}, pids()
    with ObjectsLoad(own.nodes.plane, "renewed").running():
        own.up(renewal={"validity_hours": 2000, "window_hours": 500})
        own.wait_in_order()
    assert ({slot: own.containers(slot) for slot in SLOTS}, pids()) == before
    assert all("SwitchLeaf" in own.steps(slot) for slot in SLOTS)


@pytest.mark.soak
def test_what_is_declared_while_no_api_server_answers_is_brought_to_nodes_by_hand(own: StaticPodStack) -> None:
    """As is the new trust of a cluster that has lost its quorum, and with it its API server."""
    plane, before = own.nodes.plane, {slot: own.steps(slot).count("SwitchLeaf") for slot in SLOTS}
    own.declare(renewal={"validity_hours": 2100, "window_hours": 500})
    plane.kill_api()
    try:
        with own.running("up", "--yes", "--skip-preview", "--stack", "e2e") as process:
            for slot in SLOTS:
                bring(own, slot)
            output, _ = process.communicate(timeout=400)
        assert process.returncode == 0, output
        assert "does not answer, and may need what was to be installed" in output
    finally:
        plane.start_api()
    assert all(own.steps(slot).count("SwitchLeaf") > before[slot] for slot in SLOTS)
    own.up()
    assert not (Path(own.base["directory"]) / "nodes").exists()
    own.wait_in_order()


def bring(stack: StaticPodStack, slot: str) -> None:
    """Copy a node's files to where they belong, which is on this machine, too; folders there stay as they are."""
    tree = Path(stack.base["directory"]) / "nodes" / slot
    manifest = agent_manifest(stack, slot)
    stack.eventually((tree / str(manifest).lstrip("/")).exists, f"the files of {slot}")
    # Unlike rsync, which is what is documented, `cp` deletes first, and an agent that runs puts its manifest back then.
    copy = ["cp", "-dR", "--remove-destination", f"{tree}/.", "/"]
    stack.eventually(lambda: subprocess.run(copy, check=False).returncode == 0, f"the files of {slot} are there")


def test_members_are_upgraded(own: StaticPodStack) -> None:
    load = ObjectsLoad(own.nodes.plane, "upgraded")
    with load.running():
        load.wait_for(10)
        own.upgrade(NEWER)
        load.wait_for(10)


def test_a_zone_is_lost_and_healed(own: StaticPodStack) -> None:
    """That of the leader."""
    own.etcdctl("a", "move-leader", ids(own)["b-1"])
    load, zone = ObjectsLoad(own.nodes.plane, "cut"), own.nodes.nodes["b"].zone
    with load.running():
        load.wait_for(10)
        zone.cut()
        try:
            load.wait_for(40)
        finally:
            zone.heal()
        own.wait_in_order()
        load.wait_for(10)


def test_a_disk_is_wiped(own: StaticPodStack) -> None:
    load, before = ObjectsLoad(own.nodes.plane, "wiped"), ids(own)
    with load.running():
        load.wait_for(10)
        own.wipe("c-1")
        own.eventually(lambda: ids(own).get("c-1") not in (None, before["c-1"]), "another member")
        own.wait_in_order()
        load.wait_for(10)


def test_all_nodes_lose_power_and_return(own: StaticPodStack) -> None:
    """The API server as well, which ends as long as it finds no etcd: its kubelet would start it until it does."""
    plane, load, before = own.nodes.plane, ObjectsLoad(own.nodes.plane, "power"), ids(own)
    with load.running():
        load.wait_for(10)
        plane.kill_api()
        own.lose_power_and_return()
        plane.start_api()
        own.wait_in_order()
        load.wait_for(10)
    assert ids(own) == before
