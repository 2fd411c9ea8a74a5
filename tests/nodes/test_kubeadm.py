"""kubeadm's stacked etcd, on which the nodes' own API server runs, is taken over in place.

The same cluster goes on, with the same members and the same files; clients of the API server lose nothing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from etcd_ops.programs.cache import Cache
from etcd_ops.volume.layout import VolumeLayout
from pulumi_etcd.static_pods import kubeadm
from tests.nodes import buckets, images
from tests.nodes.cluster import DIRECTORY, Cluster
from tests.nodes.objects_load import ObjectsLoad
from tests.nodes.stack import NAME, NAMESPACE, SLOTS
from tests.nodes.stacked import StackedEtcd
from tests.nodes.static_pod_stack import StaticPodStack, place
from tests.nodes.test_cluster import until
from tools import engine as engines

pytestmark = [pytest.mark.nodes, pytest.mark.soak, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def bucket(running: Cluster) -> Iterator[dict[str, Any]]:
    """The channel's connection."""
    with buckets.channel() as connection:
        yield connection


@pytest.fixture(scope="module")
def stacked(running: Cluster) -> StackedEtcd:
    """As kubeadm has formed it."""
    found = StackedEtcd(running)
    found.form()
    return found


@pytest.fixture(scope="module")
def stack(running: Cluster, bucket: dict[str, Any], stacked: StackedEtcd) -> Iterator[StaticPodStack]:
    """Declared and observing, through the API server that runs on what is to be adopted."""
    for image in (images.agent_image(), images.etcd_image()):
        running.import_image(image)
    given = {"authorities": {"1": stacked.given}}
    nodes = running.nodes
    arguments: dict[str, Any] = {
        "slots": {slot: place(running, slot) | {"data_directory": str(stacked.data(nodes[slot[0]]))} for slot in SLOTS},
        "run_directory": str(DIRECTORY / "runs"),
        "channel": bucket,
        "credentials_file": str(buckets.CREDENTIALS),
        "adopt": True,
        "loopback": True,
        "trust": {"shared": True, "peer": given, "client": given},
        "mode": "observe-only",
    }
    with tempfile.TemporaryDirectory(prefix="e2e-", ignore_cleanup_errors=True) as folder:
        made = StaticPodStack(engines.prepare(Cache.of_user()), Path(folder, "project"), running, arguments)
        made.base["agent"]["kind"] = "static-pod"
        made.restore()
        first = running.nodes["a"].zone
        running.move_store(stacked.endpoints, stacked.client, first.inside)
        try:
            made.up()
            yield made
        finally:
            running.move_store_back()  # it could not see its own etcd off
            made.remove()
    for slot in SLOTS:
        assert list(nodes[slot[0]].manifests.iterdir()) == []
        assert not volume(stacked, slot).root.exists()


def volume(stacked: StackedEtcd, slot: str) -> VolumeLayout:
    """Of a slot."""
    return VolumeLayout(stacked.data(stacked.nodes.nodes[slot[0]]) / f"{NAMESPACE}.{NAME}" / slot)


def mirrors(cluster: Cluster) -> dict[str, int]:
    """Restarts of kubeadm's pods, by node."""
    pods = cluster.plane.items("/api/v1/namespaces/kube-system/pods")
    return {
        each["spec"]["nodeName"]: sum(status["restartCount"] for status in each["status"].get("containerStatuses", ()))
        for each in pods
        if each["metadata"].get("labels", {}).get("component") == "etcd"
    }


def test_observing_touches_nothing(stack: StaticPodStack, stacked: StackedEtcd) -> None:
    """Agents say what they would do; kubeadm's pods go on."""
    stack.eventually(
        lambda: all(reason.startswith("observing only; would ") for reason in stack.reasons()), "agents that observe"
    )
    assert stack.status()["quorum"]["healthy"] == 3
    assert mirrors(stack.nodes) == {node.name: 0 for node in stack.nodes.nodes.values()}
    for node in stack.nodes.nodes.values():
        assert stacked.manifest(node).is_file()
        assert (stacked.data(node) / "member").is_dir()


def test_every_member_is_taken_over_with_its_data(stack: StaticPodStack, stacked: StackedEtcd) -> None:
    before, nodes = stacked.listed(), stack.nodes.nodes
    databases = {slot: stacked.data(nodes[slot[0]]) / "member" / "snap" / "db" for slot in SLOTS}
    files = {slot: path.stat().st_ino for slot, path in databases.items()}
    load = ObjectsLoad(stack.nodes.plane, "adopted")
    with load.running():
        load.wait_for(10)
        stack.up(mode="active")
        stack.wait_in_order(seconds=180)
        load.wait_for(10)
    assert stacked.listed() == before
    for slot in SLOTS:
        node, layout = nodes[slot[0]], volume(stacked, slot)
        assert (layout.data / "member" / "snap" / "db").stat().st_ino == files[slot]
        assert (stacked.data(node) / "member").is_file()
        assert not stacked.manifest(node).exists()
        assert (layout.set_aside / "etcd.yaml").is_file()
        assert stack.steps(slot).count("RestartMember") == 1
        assert stacked.ask(node, "endpoint", "health"), "an API server on loopback, with its old certificate"
    until(lambda: mirrors(stack.nodes) == {})


def test_kubeadm_leaves_it_alone_once_it_is_told(stack: StaticPodStack, stacked: StackedEtcd) -> None:
    """By the output `kubeadmConfiguration`, in the ConfigMap `kubeadm-config`: see docs/kubernetes.md."""
    told, node = yaml.safe_load(kubeadm.configuration(stacked.endpoints)), stack.nodes.nodes["c"]
    before = stacked.listed()
    assert "Using external etcd" in stacked.join(node, told)
    assert not stacked.manifest(node).exists()
    assert stacked.listed() == before


def test_from_then_on_it_is_a_cluster_as_any_other(stack: StaticPodStack, stacked: StackedEtcd) -> None:
    """`adopt` has done its work, and a setting changes under load."""
    before, load = stacked.listed(), ObjectsLoad(stack.nodes.plane, "changed")
    with load.running():
        load.wait_for(10)
        stack.up(adopt=None, etcd={"snapshot_count": 5000})
        stack.wait_in_order(seconds=180)
        load.wait_for(10)
    assert stacked.listed() == before


def test_peers_get_an_authority_of_their_own(stack: StaticPodStack, stacked: StackedEtcd) -> None:
    """Whoever has a client's certificate of kubeadm's authority is no peer any more."""
    given, load = stack.arguments["trust"]["peer"]["authorities"], ObjectsLoad(stack.nodes.plane, "separated")
    steps: list[dict[str, Any]] = [
        {"peer": {"generations": [1, 2], "issuer": 1, "authorities": given}},
        {"peer": {"generations": [1, 2], "issuer": 2, "authorities": given}},
        {"peer": {"generations": [2]}, "shared": False},
    ]
    with load.running():
        for step in steps:
            stack.up(trust=step)
            stack.wait_in_order(seconds=180)
        load.wait_for(10)
