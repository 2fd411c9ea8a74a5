"""A member whose kubelet fetches its manifest from the agent on its node, which is a static pod from a file itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from etcd_ops.runtime.foreign import holder
from etcd_ops.static_pod.serving import HOST, URL_PATH
from etcd_ops.volume.layout import VolumeLayout
from tests.nodes import buckets, processes
from tests.nodes.cluster import DIRECTORY, Cluster, cluster
from tests.nodes.every_platform import ids
from tests.nodes.needing import need_nodes
from tests.nodes.static_pod_stack import StaticPodStack, folder, place
from tests.nodes.test_cluster import until

pytestmark = [pytest.mark.nodes, pytest.mark.timeout(600)]

SLOT, ZONE = "a-1", "a"
PORT = 2390


@pytest.fixture(scope="module")
def single() -> Iterator[Cluster]:
    """One node, whose kubelet looks for manifests at a URL as well."""
    need_nodes()
    with cluster((ZONE,)) as started:
        settings = {"staticPodURL": f"http://{HOST}:{PORT}{URL_PATH}", "httpCheckFrequency": "2s"}
        node = started.nodes[ZONE]
        node.set_kubelet(started.plane.kubeconfig_of(node), settings)
        yield started


@pytest.fixture(scope="module")
def stack(single: Cluster) -> Iterator[StaticPodStack]:
    """One member, removed in the end without a trace."""
    with buckets.channel() as connection:
        arguments: dict[str, Any] = {
            "slots": {SLOT: place(single, SLOT)},
            "manifest_url_port": PORT,
            "allow_outage": True,
            "data_directory": str(DIRECTORY / "volumes"),
            "run_directory": str(DIRECTORY / "runs"),
            "channel": connection,
            "credentials_file": str(buckets.CREDENTIALS),
        }
        with StaticPodStack.on(single, arguments, agent={"kind": "static-pod"}) as made:
            yield made
    assert list(single.nodes[ZONE].manifests.iterdir()) == []
    assert list(folder("volumes").iterdir()) == []
    assert holder(VolumeLayout(folder("volumes") / SLOT).data) is None


def test_it_runs_from_the_url_alone(stack: StaticPodStack) -> None:
    stack.wait_in_order(voters=1)
    assert not stack.manifest(SLOT).exists()
    assert stack.pod(SLOT)["metadata"]["annotations"]["kubernetes.io/config.source"] == "http"


def test_a_change_makes_its_pod_anew(stack: StaticPodStack) -> None:
    before = stack.containers(SLOT)
    stack.up(resources={"etcd": {"cpu": "240m"}})
    stack.wait_in_order(voters=1)
    assert stack.containers(SLOT)["etcd"][0] != before["etcd"][0]
    assert "RecreatePod" in stack.steps(SLOT)


def test_it_outlives_its_agent(stack: StaticPodStack) -> None:
    """The kubelet is not answered for a while, and keeps what it has."""
    before, agent = stack.containers(SLOT), processes.one(processes.agents(ZONE))
    agent.kill()
    agent.wait(60)
    until(lambda: processes.agents(ZONE))
    stack.wait_in_order(voters=1)
    assert stack.containers(SLOT) == before


def test_a_damaged_manifest_is_put_back(stack: StaticPodStack) -> None:
    served = folder("runs") / SLOT / "manifest.json"
    right, before = served.read_bytes(), stack.containers(SLOT)
    for damage in (b"", b"{}"):
        served.write_bytes(damage)
        until(lambda: served.read_bytes() == right)
    assert stack.containers(SLOT) == before


def test_it_comes_back_after_a_loss_of_power(stack: StaticPodStack) -> None:
    """Of the API server as well: the agent comes from a file, and etcd from the agent."""
    plane, node, before = stack.nodes.plane, stack.node(SLOT), ids(stack)
    plane.kill_api()
    node.lose_power()
    shutil.rmtree(folder("runs"))
    node.start_kubelet(plane.kubeconfig_of(node))
    stack.eventually(lambda: stack.try_etcdctl(ZONE, "endpoint", "health"), "etcd without an API server", 120)
    plane.start_api()
    stack.wait_in_order(voters=1)
    assert ids(stack) == before


def test_it_is_killed_and_comes_back(stack: StaticPodStack) -> None:
    processes.one(processes.etcds(ZONE)).kill()
    stack.wait_in_order(voters=1)
