"""What holds on every platform on nodes, while clients write: whatever they were acknowledged is there in the end.

A platform's test file has a fixture `stack`, a fixture `load` made by `loaded`, and a class that inherits these tests.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.channel.kubernetes_kinds import BODY, object_name
from etcd_ops.channel.port import DESIRED
from etcd_ops.model.records import IntentKind
from tests.e2e.records import Records
from tests.nodes import processes
from tests.nodes.stack import NAME, PROJECT, SLOTS, PodStack
from tests.nodes.test_cluster import until
from tests.workload.options import Options
from tests.workload.workload import Workload

OPTIONS = Options(clients=3, rate=8.0, request_timeout=2.0, max_duration=7200.0)
"""Two cores run three nodes and all of Kubernetes besides."""
WRITES = 20
"""That are acknowledged while something is away."""
MANY_WRITES = 240
"""Half a minute's: for longer than a status is fresh (20 s), and than the lock's term (15 s)."""
WITHOUT_IMAGE = "does not run: "
ALWAYS_THE_SAME = (
    *(("api/v1", kind) for kind in ("secrets", "serviceaccounts", "services")),
    *(("apis/rbac.authorization.k8s.io/v1", kind) for kind in ("roles", "rolebindings")),
    ("apis/networking.k8s.io/v1", "networkpolicies"),
)
"""Kinds of objects, after their APIs, that nobody changes but who declares them."""
ADDED = ("d-1", "e-1")
"""Slots of the members that come when three grow to five."""


@contextmanager
def loaded(stack: PodStack, directory: Path) -> Iterator[Workload]:
    """Clients from here to the end of the block; then their history is judged."""
    stack.wait_in_order()
    with Workload(stack.context, directory, OPTIONS, within=stack.within) as load:
        yield load
    load.check(minimum=1000, timeout=300)


class EveryPlatform:
    """Tests of a stack of three members that is loaded."""

    def test_agents_tell_from_afar_that_all_is_in_order(self, stack: PodStack) -> None:
        """Each tells what it saw last, which may be a turn ago."""

        def all_is_in_order() -> bool:
            seen = stack.told()
            healthy = {each["name"]: each["healthy"] for each in seen["members"]}
            return healthy == dict.fromkeys(SLOTS, True) and bool(seen["gate"]["allowed"])

        stack.eventually(all_is_in_order, "agents tell that all is in order")

    def test_an_unchanged_declaration_changes_nothing(self, stack: PodStack) -> None:
        generation = stack.status()["generation"]
        assert "unchanged" in stack.up("--expect-no-changes").output
        stack.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--stack", "e2e")
        assert stack.status()["generation"] == generation

    def test_a_configuration_change_restarts_etcd_and_no_container(self, stack: PodStack) -> None:
        before = containers(stack)
        stack.up(etcd={"quota_backend_bytes": 3 * 1024**3})
        stack.wait_in_order()
        assert containers(stack) == before
        assert all("RestartMember" in stack.steps(slot) for slot in SLOTS)

    def test_leaves_are_renewed_without_a_restart(self, stack: PodStack) -> None:
        before = containers(stack), pids()
        stack.up(renewal={"validity_hours": 2000, "window_hours": 500})
        stack.wait_in_order()
        assert (containers(stack), pids()) == before
        assert all("SwitchLeaf" in stack.steps(slot) for slot in SLOTS)

    @pytest.mark.fault
    def test_a_killed_etcd_is_started_again(self, stack: PodStack, load: Workload) -> None:
        before, killed = ids(stack), processes.one(processes.etcds("b"))
        killed.kill()
        until(lambda: [each.pid for each in processes.etcds("b")] not in ([], [killed.pid]))
        stack.wait_in_order()
        load.wait_for(acknowledged=WRITES)
        assert ids(stack) == before

    @pytest.mark.fault
    def test_a_killed_agent_is_started_again_and_etcd_goes_on(self, stack: PodStack, load: Workload) -> None:
        etcd, killed = processes.one(processes.etcds("c")).pid, processes.one(processes.agents("c"))
        killed.kill()
        until(lambda: [each.pid for each in processes.agents("c")] not in ([], [killed.pid]))
        stack.wait_in_order()
        load.wait_for(acknowledged=WRITES)
        assert processes.one(processes.etcds("c")).pid == etcd

    @pytest.mark.fault
    def test_a_killed_kubelet_leaves_its_pods_alone(self, stack: PodStack, load: Workload) -> None:
        before, node = containers(stack), stack.nodes.nodes["a"]
        node.kill_kubelet()
        load.wait_for(acknowledged=WRITES)
        node.start_kubelet(stack.nodes.plane.kubeconfig_of(node))
        until(lambda: stack.nodes.ready_nodes() >= {each.name for each in stack.nodes.nodes.values()})
        stack.wait_in_order()
        assert containers(stack) == before

    @pytest.mark.fault
    def test_a_zone_is_cut_off_and_healed(self, stack: PodStack, load: Workload) -> None:
        """That of the leader."""
        before, zone = ids(stack), stack.nodes.nodes["b"].zone
        stack.etcdctl("a", "move-leader", before["b-1"])
        with load.mark("cut"):
            zone.cut()
            try:
                load.wait_for(acknowledged=MANY_WRITES, timeout=240)
            finally:
                zone.heal()
        stack.wait_in_order()
        load.wait_for(acknowledged=WRITES)
        assert ids(stack) == before

    @pytest.mark.fault
    def test_an_api_server_away_stops_a_rollout_and_nothing_else(self, stack: PodStack, load: Workload) -> None:
        """Whoever has begun ends what it does; while nobody can be asked whose turn it is, nobody else begins.

        It is that of the channel: the nodes' own may be another one, which no agent needs.
        """
        (server, _), before = stack.channel, pids()
        stack.declare(etcd={"quota_backend_bytes": 4 * 1024**3})
        with records(stack) as seen:
            epoch = seen.epoch()
        with stack.running("up", "--yes", "--skip-preview", "--stack", "e2e") as up:
            with records(stack) as seen:
                seen.announced(IntentKind.RESTART, after=epoch)
            server.kill_api()
            try:
                load.wait_for(acknowledged=MANY_WRITES, timeout=240)
                assert up.poll() is None
                assert len([slot for slot, pid in pids().items() if pid != before[slot]]) <= 1
            finally:
                server.start_api()
            output, _ = up.communicate(timeout=400)
        assert up.returncode == 0, output
        stack.wait_in_order()
        assert all(pid != before[slot] for slot, pid in pids().items())

    @pytest.mark.fault
    def test_a_document_edited_by_hand_is_seen_and_declared_again(self, stack: PodStack, load: Workload) -> None:
        server, namespace = stack.channel
        path = f"/api/v1/namespaces/{namespace}/configmaps/{object_name(NAME, DESIRED)}"
        found = server.request("GET", path)
        found["data"][BODY] = found["data"][BODY].replace(f":{4 * 1024**3}", f":{5 * 1024**3}")
        edited: dict[str, Any] = server.request("PUT", path, found)
        assert f":{5 * 1024**3}" in edited["data"][BODY]
        told = stack.pulumi("preview", "--expect-no-changes", "--diff", "--stack", "e2e", expect=None)
        assert told.status != 0 and "~ etcd:index:Rollout: (update)" in told.output, told.output
        stack.up()
        stack.wait_in_order()
        with records(stack) as seen:
            document = seen.desired()
        assert document is not None and document.body["etcd"]["quotaBackendBytes"] == 4 * 1024**3
        load.wait_for(acknowledged=WRITES)

    def test_a_rotation_of_trust_is_three_barriers(self, stack: PodStack, load: Workload) -> None:
        """Trust both, switch leaves, drop the old: peers' and clients' at once, and only etcd is started again."""
        before = containers(stack)
        refused = stack.preview(trust=trust([2], issuer=2), fails=True)
        assert "trust.peer" in refused.output and "trust.client" in refused.output
        stack.up(trust=trust([1, 2], issuer=1))
        believed_both = pids()
        stack.up(trust=trust([1, 2], issuer=2))
        assert pids() == believed_both
        stack.up(trust=trust([2], issuer=2))
        stack.wait_in_order()
        with records(stack) as seen:
            believed = [seen.status(slot).trusted[domain] for slot in SLOTS for domain in ("peer", "client")]
        assert {len(each) for each in believed} == {1}
        assert containers(stack) == before
        load.wait_for(acknowledged=WRITES)

    def test_three_grow_to_five(self, stack: PodStack, load: Workload) -> None:
        before = ids(stack)
        stack.place((*SLOTS, *ADDED))
        stack.up()
        stack.wait_in_order(5)
        assert stack.status()["quorum"] == {"size": 3, "voters": 5, "healthy": 5}
        assert before.items() <= ids(stack).items()
        load.wait_for(acknowledged=WRITES)

    def test_of_those_dropped_an_unhealthy_member_leaves_first(self, stack: PodStack, load: Workload) -> None:
        """And it is not the newest."""
        stalled = processes.one(processes.etcds("b"))
        stalled.suspend()
        stack.place(("a-1", "c-1", "d-1"))
        with stack.running("up", "--yes", "--skip-preview", "--stack", "e2e") as up:
            stack.eventually(lambda: "b-1" not in ids(stack), "b-1 is removed")
            stalled.resume()
            output, _ = up.communicate(timeout=400)
        assert up.returncode == 0, output
        stack.wait_in_order()
        assert removed(stack)[-2:] == ["b-1", "e-1"]
        assert stack.remains("b-1") == stack.remains("e-1") == []
        load.wait_for(acknowledged=WRITES)

    def test_a_member_moves_to_another_zone(self, stack: PodStack, load: Workload) -> None:
        """Back to where one was before."""
        stack.place(SLOTS)
        stack.up()
        stack.wait_in_order()
        assert ids(stack).keys() == set(SLOTS)
        assert stack.remains("d-1") == []
        load.wait_for(acknowledged=WRITES)

    @pytest.mark.soak
    def test_an_agents_image_that_does_not_start_makes_way_for_the_one_before(
        self, stack: PodStack, load: Workload
    ) -> None:
        """By itself, as `pulumi up` says; no more than one agent tries it, and etcd is not touched."""
        before, etcds, right = ids(stack), pids(), stack.arguments["agent"]["image"]
        wrong = f"{right.partition('@')[0]}@sha256:{'0' * 64}"
        refused = stack.up(agent={"image": wrong}, fails=True)
        assert WITHOUT_IMAGE in refused.output
        assert f"the agent in pod {agent_of(stack, 'a-1')} makes way for the one before it" in refused.output
        assert "a-1: the declared image of the agent was taken back" in refused.output
        assert set(agent_images(stack).values()) == {right}
        told = {slot: "FAILED" if slot == "a-1" else "HELD" for slot in SLOTS}
        stack.eventually(lambda: states(stack) == told, "one agent tells that it failed, and nobody else tries")
        load.wait_for(acknowledged=WRITES)
        assert pids() == etcds
        stack.up(agent={"image": right})
        stack.wait_in_order()
        assert ids(stack) == before

    def test_another_stack_is_refused_in_its_preview(self, stack: PodStack) -> None:
        before = ids(stack)
        with stack.beside("other") as other:
            refused = other.preview(fails=True)
        assert f"it holds the cluster of urn:pulumi:e2e::{PROJECT}::" in refused.output
        assert ids(stack) == before

    def test_another_stack_changes_no_object_where_its_preview_is_left_out(self, stack: PodStack) -> None:
        before = versions(stack)
        with stack.beside("other") as other:
            refused = other.up(fails=True)
        assert f"it holds the cluster of urn:pulumi:e2e::{PROJECT}::" in refused.output
        assert versions(stack) == before != {}


def versions(stack: PodStack) -> dict[str, str]:
    """The resource versions of the objects that nobody changes but who declares them, by UID."""
    found = [each for api, kind in ALWAYS_THE_SAME for each in stack.objects(kind, api)]
    return {each["metadata"]["uid"]: each["metadata"]["resourceVersion"] for each in found}


def records(stack: PodStack) -> Records:
    """What is in its channel."""
    return Records(json.loads(stack.context.read_text())["channel"])


def trust(generations: list[int], *, issuer: int) -> dict[str, Any]:
    """Of peers and of clients."""
    return {domain: {"generations": generations, "issuer": issuer} for domain in ("peer", "client")}


def removed(stack: PodStack) -> list[str]:
    """Whom agents removed from the cluster, the last one last."""
    told = [json.loads(line) for line in stack.ops("log", "--json", "--last", "500").output.splitlines()]
    return [str(each["target"]) for each in told if each.get("step") == "RemoveMember"]


def states(stack: PodStack) -> dict[str, str]:
    """What every agent says, by slot."""
    return {each["name"]: each["state"] for each in stack.told()["members"]}


def agent_images(stack: PodStack) -> dict[str, str]:
    """The image of every agent, by its pod."""
    return {
        each["metadata"]["name"]: container["image"]
        for each in stack.objects("pods")
        for container in each["spec"]["containers"]
        if container["name"] == "agent"
    }


def agent_of(stack: PodStack, slot: str) -> str:
    """Name of the pod in which the agent of a slot is."""
    (name,) = (each for each in agent_images(stack) if f"-{slot}-" in each)
    return name


def pids() -> dict[str, int]:
    """Of etcd, by slot."""
    return {slot: processes.one(processes.etcds(slot[0])).pid for slot in SLOTS}


def containers(stack: PodStack) -> dict[str, dict[str, tuple[str, int]]]:
    """Of every member's pod."""
    return {slot: stack.containers(slot) for slot in SLOTS}


def ids(stack: PodStack) -> dict[str, str]:
    """Member IDs by slot, hexadecimal."""
    return {each["name"]: each["id"] for each in stack.listed()}
