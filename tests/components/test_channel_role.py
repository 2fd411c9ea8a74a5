"""The example's role of agents in a channel of another Kubernetes cluster: what they need there, and nothing else."""

from __future__ import annotations

import httpx2
import pytest
import yaml

from etcd_ops.channel.kubernetes_objects import NamespacePlace, api_client
from tests.components.neighbours import SETS
from tests.components.permissions import Grants, allowed, covers, of_account, resources, rights, settled
from tests.components.test_agent_rights import EVERYBODYS, WRITE, attempts
from tests.servers.kubernetes import CONTEXT, KubernetesServer
from tests.servers.roles import give
from tools import ROOT

pytestmark = pytest.mark.xdist_group("kubernetes-objects")

ROLE = ROOT / "examples" / "kubernetes" / "channel-role.yaml"
CLUSTER, SLOTS, AGENTS = "control-plane", ("a-1", "b-1", "c-1"), "etcd-agents"
WRITTEN = (
    f"{CLUSTER}.formation.json",
    *(f"{CLUSTER}.{what}" for slot in SLOTS for what in (f"status.{slot}.json", f"log.{slot}.jsonl")),
)


@pytest.fixture(scope="module")
def namespace(server: KubernetesServer) -> str:
    """Of the example, with its role given to whom the nodes' kubeconfig names."""
    role = yaml.safe_load(ROLE.read_text())
    found = str(role["metadata"]["namespace"])
    server.make_namespace(found)
    give(server, role, AGENTS)
    return found


@pytest.fixture
def client(server: KubernetesServer, namespace: str) -> httpx2.Client:
    return api_client(NamespacePlace(namespace, str(server.kubeconfig_for(AGENTS)), CONTEXT), 3.0, 10.0)


def held(namespace: str) -> Grants:
    return {
        ("namespaces", namespace): ["get"],
        ("configmaps", ""): ["get", "list"],
        **{("configmaps", name): WRITE for name in WRITTEN},
        ("leases.coordination.k8s.io", f"{CLUSTER}.lock.json"): ["get", *WRITE],
    }


def test_agents_have_these_rights_and_no_others(client: httpx2.Client, namespace: str) -> None:
    expected = rights(held(namespace)) | EVERYBODYS
    assert settled(client, namespace, expected.__eq__) == expected
    assert of_account(client, "default") == EVERYBODYS


def test_the_api_server_decides_as_it_says(client: httpx2.Client, namespace: str) -> None:
    """Asked about each thing by itself: what is declared is written by nobody who keeps a member."""
    mine = rights(held(namespace)) | EVERYBODYS
    settled(client, namespace, mine.__eq__)
    tried = {
        right._replace(name=name)
        for right in attempts(resources(client), AGENTS)
        for name in (right.name, right.name.replace(SETS, CLUSTER))
    }
    assert allowed(client, namespace, tried) == {each for each in tried if covers(mine, each)}
