"""What agents may do in the Kubernetes API, and nothing else: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from etcd_ops.channel.kubernetes_kinds import object_name
from etcd_ops.channel.port import FORMATION, LOCK, log_name, status_name
from pulumi_etcd.kubernetes.manifests import Manifest, manifest
from pulumi_etcd.kubernetes.naming import Names

API = "rbac.authorization.k8s.io"
Rule = dict[str, Any]
"""Of a Role."""
WRITE = ["create", "patch", "update"]
"""For an object of the channel. Objects are made by server-side apply, which is a patch and a create of their names;
no other create can be confined to names."""


def account(names: Names, slot: str) -> Manifest:
    """The service account of a slot's agent; its token is mounted for what speaks to the API, and nothing else."""
    found = manifest("v1", "ServiceAccount", names, names.member(slot), slot=slot)
    return {**found, "automountServiceAccountToken": False}


def own_role(names: Names, slot: str, channel: Mapping[str, Any], own: Sequence[Rule]) -> Manifest:
    """What one agent may do: write its own status and log, and what its platform needs of it.

    Args:
        names: of the cluster.
        slot: the member.
        channel: connection value, as agents use it.
        own: what it may do with its own pods.
    """
    rules = [*own]
    if channel["kind"] == "kubernetes":
        written = [object_name(names.cluster, name) for name in (status_name(slot), log_name(slot))]
        rules.append(rule("", "configmaps", WRITE, written))
    return {**manifest(f"{API}/v1", "Role", names, names.member(slot), slot=slot), "rules": rules}


def agents_role(names: Names) -> Manifest:
    """What every agent may do in a channel of this namespace: read all, hold the lock, keep the formation record.

    A list cannot be confined to names: agents may read every ConfigMap of the namespace. None of them may make, change
    or delete a document, or an operator's orders.
    """
    formation, lock = (object_name(names.cluster, name) for name in (FORMATION, LOCK))
    rules = [
        rule("", "namespaces", ["get"], [names.namespace]),
        rule("", "configmaps", ["get", "list"]),
        rule("", "configmaps", WRITE, [formation]),
        rule("coordination.k8s.io", "leases", ["get", *WRITE], [lock]),
    ]
    return {**manifest(f"{API}/v1", "Role", names, names.agents), "rules": rules}


def bindings(names: Names, slot: str, channel: Mapping[str, Any]) -> list[Manifest]:
    """The slot's roles for its account, each in a binding of the slot's own.

    One binding for all would leave a member that is dropped from the declaration without its channel before it has
    left the cluster.
    """
    roles = {names.member(slot): names.member(slot)}
    if channel["kind"] == "kubernetes":
        roles[names.every_agent(slot)] = names.agents
    return [_binding(names, slot, name, role) for name, role in roles.items()]


def _binding(names: Names, slot: str, name: str, role: str) -> Manifest:
    subject = {"kind": "ServiceAccount", "name": names.member(slot), "namespace": names.namespace}
    return {
        **manifest(f"{API}/v1", "RoleBinding", names, name, slot=slot),
        "roleRef": {"apiGroup": API, "kind": "Role", "name": role},
        "subjects": [subject],
    }


def rule(group: str, resource: str, verbs: list[str], names: list[str] | None = None) -> Rule:
    """What may be done with one kind of objects; with those of some names only, where any are given."""
    confined = {"resourceNames": names} if names else {}
    return {"apiGroups": [group], "resources": [resource], "verbs": verbs, **confined}
