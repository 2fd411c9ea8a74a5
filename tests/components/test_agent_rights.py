"""What the API server lets each agent do: all that is written down here, and nothing else."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest

from tests.components.neighbours import NAMESPACE, PODS, REMOTE, SETS, STRANGER, Neighbours
from tests.components.permissions import (
    ANY,
    VERBS,
    Grants,
    Right,
    allowed,
    covers,
    of_account,
    resources,
    rights,
    settled,
)
from tests.servers.kubernetes import KubernetesServer

pytestmark = pytest.mark.xdist_group("kubernetes-objects")

WRITE = ("create", "patch", "update")


def channel(cluster: str, slot: str) -> Grants:
    """Of an agent in a channel of its namespace."""
    return {
        ("namespaces", NAMESPACE): ["get"],
        ("configmaps", ANY): ["get", "list"],
        ("configmaps", f"{cluster}.status.{slot}.json"): WRITE,
        ("configmaps", f"{cluster}.log.{slot}.jsonl"): WRITE,
        ("configmaps", f"{cluster}.formation.json"): WRITE,
        ("leases.coordination.k8s.io", f"{cluster}.lock.json"): ["get", *WRITE],
    }


def stateful_set(member: str) -> Grants:
    """Of an agent that has its own pod made anew, and looks which claim its volume is mounted by."""
    return {
        ("statefulsets.apps", member): ["get"],
        ("pods", f"{member}-0"): ["get", "patch", "delete"],
        ("persistentvolumeclaims", f"data-{member}-0"): ["get"],
    }


def daemon_set(member: str) -> Grants:
    """The same; what a DaemonSet makes has a name that nobody knows before."""
    return {("daemonsets.apps", member): ["get"], ("pods", ANY): ["get", "delete"]}


SLOTS = ("a-1", "b-1", "c-1")
AGENTS: Mapping[str, Grants] = {
    **{f"{SETS}-{slot}": {**channel(SETS, slot), **stateful_set(f"{SETS}-{slot}")} for slot in SLOTS},
    **{f"{PODS}-{slot}": {**channel(PODS, slot), **daemon_set(f"{PODS}-{slot}")} for slot in SLOTS},
    f"{REMOTE}-a-1": stateful_set(f"{REMOTE}-a-1"),
}
"""By account: everything, beside what every account of a Kubernetes cluster may do."""
EVERYBODYS = {
    Right("create", f"{kind}.{group}.k8s.io", ANY)
    for kind, group in [
        ("selfsubjectaccessreviews", "authorization"), ("selfsubjectrulesreviews", "authorization"),
        ("selfsubjectreviews", "authentication"),
    ]
}  # fmt: skip
"""Ask about oneself."""


@pytest.mark.parametrize("account", AGENTS)
def test_an_agent_has_these_rights_and_no_others(neighbours: Neighbours, account: str) -> None:
    with neighbours.account(account).client() as client:
        expected = rights(AGENTS[account]) | EVERYBODYS
        assert settled(client, NAMESPACE, expected.__eq__) == expected
        assert of_account(client, "default") == EVERYBODYS
        assert of_account(client, "kube-system") == EVERYBODYS


def test_an_account_has_no_rights_by_itself(neighbours: Neighbours) -> None:
    with neighbours.account(STRANGER).client() as client:
        assert of_account(client, NAMESPACE) == EVERYBODYS


def test_every_account_that_is_given_anything_is_written_down(neighbours: Neighbours) -> None:
    objects = [each for found in neighbours.objects.values() for each in found]
    bindings = [each for each in objects if each["kind"] == "RoleBinding"]
    assert {subject["name"] for each in bindings for subject in each["subjects"]} == AGENTS.keys()


MEMBERS = (f"{SETS}-a-1", f"{PODS}-a-1")
NAMES: Mapping[str, tuple[str, ...]] = {
    "configmaps": tuple(
        f"{cluster}.{name}"
        for cluster in (SETS, PODS)
        for name in (
            "desired.json", "controls.json", "formation.json", "status.a-1.json", "status.b-1.json", "log.a-1.jsonl",
            "log.b-1.jsonl",
        )
    ),
    "leases.coordination.k8s.io": (f"{SETS}.lock.json", f"{PODS}.lock.json"),
    "pods": (f"{SETS}-a-1-0", f"{SETS}-b-1-0", f"{PODS}-a-1-x7k2p"),
    "persistentvolumeclaims": (f"data-{SETS}-a-1-0", f"data-{SETS}-b-1-0"),
    "secrets": (f"{SETS}-a-1-credentials", f"{SETS}-b-1-credentials", f"{PODS}-a-1-credentials"),
    "namespaces": (NAMESPACE, "default"),
    **dict.fromkeys(("statefulsets.apps", "daemonsets.apps"), (*MEMBERS, f"{SETS}-b-1", f"{PODS}-b-1")),
}  # fmt: skip
"""Of objects, beside those that are called as the account is."""


def attempts(kinds: set[str], account: str) -> set[Right]:
    """Every verb, with every resource, on objects by some names and by none."""
    return {
        Right(verb, kind, name) for verb, kind in product(VERBS, kinds) for name in (ANY, account, *NAMES.get(kind, ()))
    }


@pytest.mark.parametrize("account", MEMBERS)
def test_the_api_server_decides_as_it_says(neighbours: Neighbours, account: str) -> None:
    """Asked about each of thousands of things by itself."""
    held = rights(AGENTS[account]) | EVERYBODYS
    with neighbours.account(account).client() as client:
        kinds = resources(client)
        assert {"secrets", "pods/exec", "serviceaccounts/token", "roles.rbac.authorization.k8s.io"} <= kinds
        tried = attempts(kinds, account)
        assert allowed(client, NAMESPACE, tried) == {each for each in tried if covers(held, each)}
        unnamed = {each for each in tried if each.name == ANY}
        for elsewhere in ("default", ""):
            assert allowed(client, elsewhere, unnamed) == EVERYBODYS


WIDER: Mapping[str, dict[str, Any]] = {
    "a verb": {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create"]},
    "a resource": {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]},
    "a subresource": {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]},
    "a name": {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["update"], "resourceNames": ["x"]},
    "everything": {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
}


@pytest.mark.parametrize("what", WIDER)
def test_a_role_that_is_wider_is_seen(neighbours: Neighbours, server: KubernetesServer, what: str) -> None:
    """Proves that the tests above would fail."""
    account = f"{SETS}-a-1"
    role = neighbours.one(SETS, "Role", account)
    at = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/roles/{account}"
    wider = copy.deepcopy(role)
    wider["rules"].append(WIDER[what])
    with neighbours.account(account).client() as client:
        expected = rights(AGENTS[account]) | EVERYBODYS
        server.request("PUT", at, wider)
        try:
            assert settled(client, NAMESPACE, expected.__ne__) > expected
        finally:
            server.request("PUT", at, role)
        assert settled(client, NAMESPACE, expected.__eq__) == expected
