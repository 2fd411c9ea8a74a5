"""StaticPodCluster on real nodes: from `pulumi up` to three healthy voters in three zones, and through its days."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.nodes.cluster import DIRECTORY, Cluster
from tests.nodes.stack import NAMESPACE, SLOTS, StaticPodStack
from tests.nodes.test_cluster import until

pytestmark = [pytest.mark.nodes, pytest.mark.timeout(600), pytest.mark.xdist_group("nodes")]


def place(cluster: Cluster, slot: str) -> dict[str, Any]:
    node = cluster.nodes[slot[0]]
    manifests = str(node.manifests)
    return {"zone": slot[0], "node": node.name, "address": node.zone.address, "manifest_directory": manifests}


def folder(what: str) -> Path:
    """On the machine that all of the nodes are on."""
    return DIRECTORY / what / f"{NAMESPACE}.e2e"


@pytest.fixture(scope="module")
def stack(running: Cluster) -> Iterator[StaticPodStack]:
    """Three members, which tests leave as they found them."""
    arguments = {
        "slots": {slot: place(running, slot) for slot in SLOTS},
        "data_directory": str(DIRECTORY / "volumes"),
        "run_directory": str(DIRECTORY / "runs"),
    }
    with StaticPodStack.on(running, arguments) as made:
        yield made
    until(lambda: running.plane.items(f"/api/v1/namespaces/{NAMESPACE}/pods") == [])
    for slot in SLOTS:
        assert list(running.nodes[slot[0]].manifests.iterdir()) == []
        assert not (folder("volumes") / slot).exists()
        assert not (folder("runs") / slot).exists()


def ids(stack: StaticPodStack) -> dict[str, int]:
    return {each["name"]: each["id"] for each in stack.listed()}


def uids(stack: StaticPodStack) -> dict[str, str]:
    """Of the static pods' mirrors, which are those of the pods."""
    return {slot: stack.pod(slot)["metadata"]["uid"] for slot in SLOTS}


def test_three_voters_in_three_zones(stack: StaticPodStack) -> None:
    stack.wait_in_order()
    until(lambda: {stack.pod_name(slot) for slot in SLOTS} <= stack.pods().keys())
    assert {stack.pods()[stack.pod_name(slot)] for slot in SLOTS} == {f"node-{slot[0]}" for slot in SLOTS}
    assert len(stack.etcdctl("a", "endpoint", "health", "--cluster").splitlines()) == 3


def test_an_unchanged_declaration_changes_nothing(stack: StaticPodStack) -> None:
    generation = stack.status()["generation"]
    outcome = stack.up("--expect-no-changes")
    assert "unchanged" in outcome.output
    stack.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--stack", "e2e")
    assert stack.status()["generation"] == generation


def test_a_configuration_change_restarts_etcd_and_no_container(stack: StaticPodStack) -> None:
    before = {slot: stack.containers(slot) for slot in SLOTS}
    stack.up(etcd={"quota_backend_bytes": 3 * 1024**3})
    stack.wait_in_order()
    assert {slot: stack.containers(slot) for slot in SLOTS} == before
    assert all("RestartMember" in stack.steps(slot) for slot in SLOTS)


@pytest.mark.parametrize("wrong", [None, "{}", "garbage: [", ""])
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


def test_other_pods_are_made_one_after_the_other(stack: StaticPodStack) -> None:
    before, agents = uids(stack), stack.agent_pods()
    stack.up(resources={"etcd": {"cpu": "110m"}})
    stack.wait_in_order()
    after = uids(stack)
    assert all(after[slot] != before[slot] for slot in SLOTS)
    assert stack.agent_pods() == agents
    assert all("RecreatePod" in stack.steps(slot) for slot in SLOTS)


def test_other_pods_of_agents_leave_etcd_alone(stack: StaticPodStack) -> None:
    before, agents = {slot: stack.containers(slot) for slot in SLOTS}, stack.agent_pods()
    stack.up(resources={"agent": {"cpu": "60m"}})
    stack.wait_in_order()
    assert {slot: stack.containers(slot) for slot in SLOTS} == before
    assert not set(stack.agent_pods().values()) & set(agents.values())
    assert all("RecreateAgentPod" in stack.steps(slot) for slot in SLOTS)


def test_members_run_on_without_agents_and_api_server(stack: StaticPodStack) -> None:
    """Their pods are static: the kubelet alone brings one back that was killed."""
    token = json.loads((folder("runs") / "a-1" / "token" / "namespace").read_text().join('""'))
    assert token == NAMESPACE


def test_leaves_are_renewed_without_a_restart(stack: StaticPodStack) -> None:
    before = {slot: stack.containers(slot) for slot in SLOTS}
    stack.up(renewal={"validity_hours": 2000, "window_hours": 500})
    stack.wait_in_order()
    assert {slot: stack.containers(slot) for slot in SLOTS} == before
    assert all("SwitchLeaf" in stack.steps(slot) for slot in SLOTS)
