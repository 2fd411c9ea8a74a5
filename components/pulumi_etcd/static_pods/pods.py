"""The two pods of a member: pure. One is static, and runs etcd; its agent's is made by a DaemonSet for its one node.

A member's pods follow from the cluster's name, its slot and node, and from what all pods have in common. They never
follow from other members, so that none of them is restarted because another comes or goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from etcd_ops.model.topology import Slot
from etcd_ops.model.urls import Url
from etcd_ops.pod import places
from etcd_ops.pod.template import template_digest
from etcd_ops.static_pod import manifest as static
from pulumi_etcd.kubernetes.containers import (
    GRACE_SECONDS,
    Containers,
    mounts,
    named_by_digest,
    port,
    token_sources,
)
from pulumi_etcd.kubernetes.manifests import Manifest
from pulumi_etcd.kubernetes.naming import Names
from pulumi_etcd.static_pods.naming import AGENT, ETCD, NodePaths, labels

HOSTNAME_LABEL = "kubernetes.io/hostname"
ON_HOST: Manifest = {
    "automountServiceAccountToken": False,
    "enableServiceLinks": False,
    "hostPID": True,
    "tolerations": [{"operator": "Exists"}],
    "securityContext": {"runAsUser": 0, "runAsGroup": 0, "seccompProfile": {"type": "RuntimeDefault"}},
}
"""What every pod on a member's node has in common: it stays whatever happens to the node, and sees its processes."""
SECURITY: Mapping[str, Any] = {
    "runAsNonRoot": False,
    "runAsUser": 0,
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "dropCapabilities": ["ALL"],
    "seccompProfile": "RuntimeDefault",
    "hostNetwork": True,
    "hostPid": True,
}
"""What every container of every pod keeps to, as the contract tells it. Root, because manifest directories are its; on
the host's network, as what an API server needs must not need that API server's; among the host's processes, because an
agent looks after those of another pod."""


@dataclass(frozen=True, slots=True)
class Pods:
    """What the pods of one cluster have in common."""

    names: Names
    containers: Containers
    priority_class: str


@dataclass(frozen=True, slots=True)
class Node:
    """One member's node."""

    name: str
    """Its label `kubernetes.io/hostname`."""
    paths: NodePaths


def static_pod(pods: Pods, slot: Slot, node: Node) -> str:
    """The manifest of a slot's static pod, which names its own digest."""
    return static.encode(_static(pods, slot, node))


def static_pod_digest(pods: Pods, slot: Slot, node: Node) -> str:
    """Tells one such manifest from another."""
    return template_digest(_static(pods, slot, node))


def agent_template(pods: Pods, slot: Slot, node: Node) -> Manifest:
    """The template of a slot's agent's pod, which names its own digest."""
    return named_by_digest(_agent_template(pods, slot, node))


def agent_template_digest(pods: Pods, slot: Slot, node: Node) -> str:
    """Tells one such template from another."""
    return template_digest(_agent_template(pods, slot, node))


def _static(pods: Pods, slot: Slot, node: Node) -> Manifest:
    metadata = {
        "name": pods.names.member(slot.name),
        "namespace": pods.names.namespace,
        "labels": labels(pods.names, slot.name, ETCD),
    }
    spec = {
        **_host(pods),
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "containers": [_etcd(pods, slot)],
        "volumes": [
            host_path("data", node.paths.volume),
            host_path("run", node.paths.run),
            host_path("token", f"{node.paths.run}/{places.LENT_TOKEN}"),
            {"name": "tmp", "emptyDir": {}},
        ],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _agent_template(pods: Pods, slot: Slot, node: Node) -> Manifest:
    names = pods.names
    spec = {
        **_host(pods),
        "serviceAccountName": names.member(slot.name),
        "nodeSelector": {HOSTNAME_LABEL: node.name},
        "initContainers": [pods.containers.provider(), pods.containers.etcd_program()],
        "containers": [_agent(pods, slot)],
        "volumes": [
            host_path("data", node.paths.volume),
            host_path("run", node.paths.run),
            host_path("manifests", node.paths.manifests, kind="Directory"),
            *({"name": each, "emptyDir": {}} for each in ("programs", "tmp")),
            {"name": "config", "configMap": {"name": names.member(slot.name)}},
            {"name": "credentials", "secret": {"secretName": names.credentials(slot.name), "defaultMode": 0o400}},
            {"name": "authorities", "configMap": {"name": names.authorities}},
            {"name": "token", "projected": {"sources": token_sources()}},
        ],
    }
    return {"metadata": {"labels": labels(names, slot.name, AGENT)}, "spec": spec}


def _host(pods: Pods) -> Manifest:
    """What both pods share. They may run before their node has a network of pods."""
    return {
        **ON_HOST,
        "hostNetwork": True,
        "dnsPolicy": "ClusterFirstWithHostNet",
        "priorityClassName": pods.priority_class,
    }


def _etcd(pods: Pods, slot: Slot) -> Manifest:
    mounted = [*mounts("data", "run", "tmp"), *mounts("token", read_only=True)]
    ports = [_listening("client", slot.urls.client), _listening("peer", slot.urls.peer)]
    found = pods.containers.member(mounted, ports, probe=[slot.urls.health])
    template = {"fieldPath": f"metadata.annotations['{places.TEMPLATE_ANNOTATION}']"}
    found["env"].append({"name": places.TEMPLATE, "valueFrom": {"fieldRef": template}})
    return found


def _agent(pods: Pods, slot: Slot) -> Manifest:
    delivered = mounts("config", "credentials", "authorities", "token", read_only=True)
    manifests = {"name": "manifests", "mountPath": str(places.MANIFESTS)}
    mounted = [*mounts("data", "run", "tmp"), *mounts("programs", read_only=True), *delivered, manifests]
    found = pods.containers.keeper(mounted, [_listening("metrics", slot.urls.metrics)])
    found["env"].append({"name": places.POD, "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}})
    return found


def _listening(name: str, url: str) -> Manifest:
    """On the host's network, a container's port is its node's."""
    number = Url.parse(url).port
    return port(name, number) | {"hostPort": number}


def host_path(name: str, path: str, kind: str = "DirectoryOrCreate") -> Manifest:
    """A folder of the node, as a volume of a pod."""
    return {"name": name, "hostPath": {"path": path, "type": kind}}
