"""The pod that a member runs in: pure.

A member's pod follows from the cluster's name, its slot and zone, and from what all pods have in common. It never
follows from other members, so that none of them is restarted because another comes or goes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from etcd_ops.model.topology import CLIENT_PORT, METRICS_PORT, PEER_PORT, Slot
from etcd_ops.pod import places
from etcd_ops.pod.template import template_digest as digest_of
from pulumi_etcd.kubernetes import containers
from pulumi_etcd.kubernetes.containers import (
    GRACE_SECONDS,
    PATHS,
    TAKEN_BACK,
    Containers,
    annotation,
    mounts,
    port,
    told,
)
from pulumi_etcd.kubernetes.images import Image
from pulumi_etcd.kubernetes.manifests import Manifest
from pulumi_etcd.kubernetes.naming import ZONE_LABEL, Names
from pulumi_etcd.stateful_sets.naming import VOLUME, StatefulSetNames

GENERATION_ANNOTATION = "pulumi-etcd.dev/pod-generation"
USER = 65532
"""Of every process in a pod, and its group."""


@dataclass(frozen=True, slots=True)
class Pods:
    """What the pods of one cluster have in common."""

    names: StatefulSetNames
    containers: Containers
    priority_class: str
    """Empty for the Kubernetes cluster's default."""
    tolerations: Sequence[Mapping[str, Any]]
    generation: int = 0
    """Of the pods: another one makes them anew."""


SECURITY: Mapping[str, Any] = {
    "runAsNonRoot": True,
    "runAsUser": USER,
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "dropCapabilities": ["ALL"],
    "seccompProfile": "RuntimeDefault",
}
"""What every container of every pod keeps to, as the contract tells it."""

STAYS: tuple[Manifest, ...] = tuple(
    {"key": f"node.kubernetes.io/{condition}", "operator": "Exists", "effect": "NoExecute"}
    for condition in ("not-ready", "unreachable")
)
"""Without these Kubernetes has pods leave a node from which it heard nothing for five minutes
(https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions). It asks neither
budget nor gate, and when two zones are reached again, two members that still serve would go at once."""


def template(pods: Pods, slot: Slot) -> Manifest:
    """The template of a slot's pod, which names its own digest."""
    pod, agent = template_digest(pods, slot), agent_digest(pods)
    return told(
        _template(pods, slot),
        {places.TEMPLATE_ANNOTATION: pod, places.AGENT_TEMPLATE_ANNOTATION: agent},
        {"name": places.TEMPLATE, "value": pod},
        annotation(places.AGENT_TEMPLATE, places.AGENT_TEMPLATE_ANNOTATION),
    )


def template_digest(pods: Pods, slot: Slot) -> str:
    """Tells one template of a slot's pod from another, whatever the agent's image is: that is exchanged in place."""
    any_agent = replace(pods, containers=replace(pods.containers, agent=_ANY))
    return digest_of(_template(any_agent, slot))


def agent_digest(pods: Pods) -> str:
    """Tells one image of the agents from another."""
    return digest_of({"image": pods.containers.agent.reference})


_ANY = Image("", "")


def _template(pods: Pods, slot: Slot) -> Manifest:
    names = pods.names
    optional = {"priorityClassName": pods.priority_class} if pods.priority_class else {}
    spec = {
        "serviceAccountName": names.member(slot.name),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "shareProcessNamespace": True,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "nodeSelector": {ZONE_LABEL: slot.zone},
        "affinity": {"podAntiAffinity": _apart(names)},
        "tolerations": [dict(each) for each in (*STAYS, *pods.tolerations)],
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "initContainers": [pods.containers.provider("token"), pods.containers.etcd_program()],
        "containers": [_etcd(pods), _agent(pods)],
        "volumes": _volumes(names, slot.name),
        **optional,
    }
    metadata: Manifest = {"labels": names.labels(slot.name)}
    if pods.generation:
        metadata["annotations"] = {GENERATION_ANNOTATION: str(pods.generation)}
    return {"metadata": metadata, "spec": spec}


def _apart(names: Names) -> Manifest:
    """No two members on one node, whatever cluster of theirs is being moved."""
    term = {"labelSelector": {"matchLabels": names.selector}, "topologyKey": "kubernetes.io/hostname"}
    return {"requiredDuringSchedulingIgnoredDuringExecution": [term]}


def _etcd(pods: Pods) -> Manifest:
    """It has the token, too: before etcd starts, its launcher looks whether the channel is of a later incarnation."""
    mounted = [*mounts("data", "run", "tmp"), *mounts("programs", "token", read_only=True)]
    return pods.containers.member(mounted, [port("client", CLIENT_PORT), port("peer", PEER_PORT)])


def _agent(pods: Pods) -> Manifest:
    delivered = mounts("config", "credentials", "authorities", "token", read_only=True)
    mounted = [*mounts("data", "run", "tmp"), *mounts("programs", read_only=True), *delivered]
    found = pods.containers.keeper(mounted, [port("metrics", METRICS_PORT)])
    found["env"].append(TAKEN_BACK)
    return found


def _volumes(names: Names, slot: str) -> list[Manifest]:
    """Those beside the claim, which is the StatefulSet's."""
    scratch: list[Manifest] = [{"name": each, "emptyDir": {}} for each in ("programs", "run", "tmp")]
    return [
        *scratch,
        {"name": "config", "configMap": {"name": names.member(slot)}},
        {"name": "credentials", "secret": {"secretName": names.credentials(slot), "defaultMode": 0o440}},
        {"name": "authorities", "configMap": {"name": names.authorities}},
        {"name": "token", "projected": {"sources": containers.token_sources()}},
    ]


assert VOLUME in PATHS, "the claim is mounted by its template's name"
