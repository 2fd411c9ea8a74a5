"""What befalls members on every platform on nodes, while clients write: whatever they were acknowledged stays.

A platform's test file has what `every_platform` asks for, and a class that inherits these tests.
"""

from __future__ import annotations

from typing import Any

from etcd_ops.channel.kubernetes_kinds import BODY, object_name
from etcd_ops.channel.port import DESIRED
from etcd_ops.model.records import IntentKind
from tests.nodes import processes
from tests.nodes.every_platform import WRITES, containers, ids, pids, records
from tests.nodes.stack import NAME, PodStack
from tests.nodes.test_cluster import until
from tests.workload.workload import Workload

MANY_WRITES = 240
"""Half a minute's: for longer than a status is fresh (20 s), and than the lock's term (15 s)."""


class EveryFault:
    """Tests of a stack of three members that is loaded."""

    def test_a_killed_etcd_is_started_again(self, stack: PodStack, load: Workload) -> None:
        before, killed = ids(stack), processes.one(processes.etcds("b"))
        killed.kill()
        until(lambda: [each.pid for each in processes.etcds("b")] not in ([], [killed.pid]))
        stack.wait_in_order()
        load.wait_for(acknowledged=WRITES)
        assert ids(stack) == before

    def test_a_killed_agent_is_started_again_and_etcd_goes_on(self, stack: PodStack, load: Workload) -> None:
        etcd, killed = processes.one(processes.etcds("c")).pid, processes.one(processes.agents("c"))
        killed.kill()
        until(lambda: [each.pid for each in processes.agents("c")] not in ([], [killed.pid]))
        stack.wait_in_order()
        load.wait_for(acknowledged=WRITES)
        assert processes.one(processes.etcds("c")).pid == etcd

    def test_a_killed_kubelet_leaves_its_pods_alone(self, stack: PodStack, load: Workload) -> None:
        before, node = containers(stack), stack.nodes.nodes["a"]
        node.kill_kubelet()
        load.wait_for(acknowledged=WRITES)
        node.start_kubelet(stack.nodes.plane.kubeconfig_of(node))
        until(lambda: stack.nodes.ready_nodes() >= {each.name for each in stack.nodes.nodes.values()})
        stack.wait_in_order()
        assert containers(stack) == before

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
