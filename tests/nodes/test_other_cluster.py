"""A cluster that may back its own API server, with its channel in the API server of another Kubernetes cluster."""

from __future__ import annotations

import base64
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from etcd_ops.channel.kubernetes_kinds import object_name
from etcd_ops.channel.port import FORMATION, log_name, status_name
from tests.nodes import images
from tests.nodes.cluster import DIRECTORY, Cluster
from tests.nodes.every_platform import ADDED, WRITES, EveryPlatform, ids, loaded, pids
from tests.nodes.namespaces import HUB, PREFIX, inside
from tests.nodes.stack import NAME, NAMESPACE, SLOTS, PodStack
from tests.nodes.static_pod_stack import StaticPodStack, folder, place
from tests.nodes.test_cluster import until
from tests.servers.kubernetes import CONTEXT, KubernetesServer
from tests.servers.roles import give
from tests.workload.workload import Workload
from tools import ROOT

pytestmark = [pytest.mark.nodes, pytest.mark.soak, pytest.mark.timeout(1200)]

THERE, AGENTS = "etcd-channels", "agents"
FILE = DIRECTORY / "agents.kubeconfig"
"""On every node."""
ROLE = ROOT / "examples" / "kubernetes" / "channel-role.yaml"


@pytest.fixture(scope="module")
def other(roomy: Cluster) -> Iterator[KubernetesServer]:
    """The other cluster, of which the nodes reach the API server alone."""
    server = KubernetesServer(DIRECTORY / "other", address=HUB, port=7443, inside=inside(f"{PREFIX}-hub"))
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="module")
def stack(roomy: Cluster, other: KubernetesServer) -> Iterator[StaticPodStack]:
    """Three members, whose agents may do there what the example's role says."""
    uid = other.make_namespace(THERE)
    allow(other)
    FILE.write_text(json.dumps(carried(other.kubeconfig_for(AGENTS))))
    arguments = {
        "slots": {slot: place(roomy, slot) for slot in SLOTS},
        "data_directory": str(DIRECTORY / "volumes"),
        "run_directory": str(DIRECTORY / "runs"),
        "kubeconfig_file": str(FILE),
        "channel": {
            "kind": "kubernetes",
            "namespace": THERE,
            "namespace_uid": uid,
            "kubeconfig": str(other.kubeconfig),
            "context": CONTEXT,
        },
    }
    with StaticPodStack.on(roomy, arguments, agent={"kind": "static-pod"}) as made:
        made.channel = (other, THERE)
        yield made
    until(lambda: all(made.remains(slot) == [] for slot in (*SLOTS, *ADDED)))
    assert list(folder("volumes").iterdir()) == []
    assert held(other) == [f"{NAME}.desired.json", f"{NAME}.formation.json"]  # what says that it is over


@pytest.fixture(scope="module", autouse=True)
def load(stack: StaticPodStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workload]:
    """Clients, whatever happens here."""
    with loaded(stack, tmp_path_factory.mktemp("load")) as running:
        yield running


def allow(server: KubernetesServer) -> None:
    """Give agents the example's role, with this cluster's name, and the slots that tests add as well."""
    role = yaml.safe_load(ROLE.read_text().replace("control-plane", NAME))
    (written,) = (each for each in role["rules"] if f"{NAME}.{FORMATION}" in each.get("resourceNames", ()))
    written["resourceNames"] += [object_name(NAME, of(slot)) for slot in ADDED for of in (status_name, log_name)]
    give(server, role, AGENTS)


def carried(kubeconfig: Path) -> dict[str, Any]:
    """A kubeconfig with everything in it, as a node is given it."""
    found: dict[str, Any] = json.loads(kubeconfig.read_text())
    for each in (found["clusters"][0]["cluster"], found["users"][0]["user"]):
        for name in [name for name in each if name.startswith(("certificate", "client"))]:
            each[f"{name}-data"] = base64.b64encode(Path(each.pop(name)).read_bytes()).decode()
    return found


def held(server: KubernetesServer) -> list[str]:
    """The names of all objects of the channel."""
    found = server.request("GET", f"/api/v1/namespaces/{THERE}/configmaps")["items"]
    return sorted(name for each in found if (name := each["metadata"]["name"]).startswith(f"{NAME}."))


def test_three_voters_that_tell_the_other_cluster_alone(stack: StaticPodStack, other: KubernetesServer) -> None:
    stack.wait_in_order()
    assert {f"{NAME}.formation.json", *(f"{NAME}.status.{slot}.json" for slot in SLOTS)} <= {*held(other)}
    assert {each["metadata"]["name"] for each in stack.objects("configmaps")} <= {"kube-root-ca.crt"}
    assert stack.nodes.plane.items(f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases") == []
    stack.up("--expect-no-changes")


def test_agents_may_not_write_what_is_declared(other: KubernetesServer) -> None:
    """The example's role allows no more than what they did above."""
    review = {"namespace": THERE, "verb": "update", "resource": "configmaps", "name": f"{NAME}.desired.json"}
    asked = {"spec": {"user": AGENTS, "resourceAttributes": review}}
    answer = other.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", asked)
    assert answer["status"]["allowed"] is False
    asked["spec"]["resourceAttributes"] = {**review, "name": f"{NAME}.formation.json"}
    answer = other.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", asked)
    assert answer["status"]["allowed"] is True


def test_a_change_is_rolled(stack: StaticPodStack) -> None:
    stack.up(resources={"etcd": {"cpu": "240m"}})
    stack.wait_in_order()
    assert all("RecreatePod" in stack.steps(slot) for slot in SLOTS)


class TestEveryPlatform(EveryPlatform):
    """What holds here, too."""

    def test_an_agents_image_that_does_not_start_makes_way_for_the_one_before(
        self, stack: PodStack, load: Workload
    ) -> None:
        """What would install it does not come up either: no agent is touched, and etcd goes on."""
        before, etcds, right = ids(stack), pids(), stack.arguments["agent"]["image"]
        agents = sorted(each for each in stack.pods() if "-agent-" in each)
        stack.declare(agent={"image": f"{right.partition('@')[0]}@sha256:{'0' * 64}"})
        with stack.running("up", "--yes", "--skip-preview", "--stack", "e2e") as up:
            stack.eventually(lambda: len(without_image(stack)) == len(SLOTS), "nothing can be installed")
            load.wait_for(acknowledged=WRITES)
            up.send_signal(signal.SIGINT)
            up.communicate(timeout=60)
        assert all(each.endswith("-agent-installation") for each in without_image(stack))
        assert sorted(each for each in stack.pods() if "-agent-" in each) == agents
        assert pids() == etcds
        stack.up(agent={"image": right})
        stack.wait_in_order()
        assert ids(stack) == before


def without_image(stack: PodStack) -> list[str]:
    """The pods whose image cannot be had."""
    return [
        each["metadata"]["name"]
        for each in stack.objects("pods")
        for container in [
            *each["status"].get("initContainerStatuses", ()),
            *each["status"].get("containerStatuses", ()),
        ]
        if container["state"].get("waiting", {}).get("reason") in ("ErrImagePull", "ImagePullBackOff")
    ]


def test_another_image_of_the_agent_is_rolled(stack: StaticPodStack) -> None:
    """With their members' pods, whose supervisor is of it, too."""
    image, agents = images.next_agent_image(), stack.agent_pods()
    stack.nodes.import_image(image)
    stack.up(agent={"image": image.reference})
    stack.wait_in_order()
    until(lambda: not set(stack.agent_pods().values()) & set(agents.values()))
    assert all("RecreateAgentPod" in stack.steps(slot) for slot in SLOTS)


def test_all_nodes_lose_power_and_return_without_any_api_server(stack: StaticPodStack, other: KubernetesServer) -> None:
    plane, before = stack.nodes.plane, ids(stack)
    plane.kill_api()
    other.kill_api()
    stack.lose_power_and_return()
    other.start_api()
    plane.start_api()
    stack.wait_in_order()
    assert ids(stack) == before
