"""What pods on members' nodes have in common, and the static pod in which etcd runs: pure.

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
from pulumi_etcd.kubernetes.containers import GRACE_SECONDS, PATHS, Containers, mounts, port
from pulumi_etcd.kubernetes.manifests import Manifest
from pulumi_etcd.kubernetes.naming import Names
from pulumi_etcd.static_pods.naming import ETCD, NodePaths, labels

HOSTNAME_LABEL = "kubernetes.io/hostname"
ON_HOST: Manifest = {
    "automountServiceAccountToken": False,
    "enableServiceLinks": False,
    "hostPID": True,
    "tolerations": [{"operator": "Exists"}],
    "securityContext": {"runAsUser": 0, "runAsGroup": 0, "seccompProfile": {"type": "RuntimeDefault"}},
}
"""What every pod on a member's node has in common: it stays whatever happens to the node, and sees its processes."""
TEMPLATE_OF_POD: Manifest = {
    "name": places.TEMPLATE,
    "valueFrom": {"fieldRef": {"fieldPath": f"metadata.annotations['{places.TEMPLATE_ANNOTATION}']"}},
}
"""By which a container of a static pod knows the digest of its manifest."""
AWS_FILE = "AWS_SHARED_CREDENTIALS_FILE"
"""Environment variable (AWS SDKs and Tools Reference Guide, "Location of the shared config and credentials files")."""
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
class ChannelFile:
    """A file on every node by which whoever speaks to the channel reaches it."""

    volume: str
    """Its name in pods, which says where containers see it (`PATHS`)."""
    path: str
    """On the nodes."""
    variable: str = ""
    """Environment variable that names it; empty where the channel's connection does."""


@dataclass(frozen=True, slots=True)
class Pods:
    """What the pods of one cluster have in common."""

    names: Names
    containers: Containers
    priority_class: str
    agents_are_static: bool = False
    """Whether agents are static pods, too."""
    channel_file: ChannelFile | None = None
    """By which agents reach the channel; None where they find the way otherwise."""
    adopted_manifest: str = ""
    """Name of the manifest from which kubelets run the members that are adopted; empty where none are."""


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


def _static(pods: Pods, slot: Slot, node: Node) -> Manifest:
    metadata = {
        "name": pods.names.member(slot.name),
        "namespace": pods.names.namespace,
        "labels": labels(pods.names, slot.name, ETCD),
    }
    lent = [] if pods.agents_are_static else [host_path("token", f"{node.paths.run}/{places.LENT_TOKEN}")]
    spec = {
        **on_host_network(pods),
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "containers": [_etcd(pods, slot)],
        "volumes": [
            host_path("data", node.paths.volume),
            host_path("run", node.paths.run),
            *lent,
            {"name": "tmp", "emptyDir": {}},
        ],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": with_channel_file(pods, spec)}


def on_host_network(pods: Pods) -> Manifest:
    """What both pods of a member share. They may run before their node has a network of pods."""
    return {
        **ON_HOST,
        "hostNetwork": True,
        "dnsPolicy": "ClusterFirstWithHostNet",
        "priorityClassName": pods.priority_class,
    }


def with_channel_file(pods: Pods, spec: Manifest) -> Manifest:
    """A pod's spec with the file by which it reaches the channel, where there is one."""
    file = pods.channel_file
    if file is None:
        return spec
    told = [{"name": file.variable, "value": PATHS[file.volume]}] if file.variable else []
    containers = [
        each
        | {
            "env": [*each["env"], *told],
            "volumeMounts": [*each["volumeMounts"], *mounts(file.volume, read_only=True)],
        }
        for each in spec["containers"]
    ]
    volumes = [*spec["volumes"], host_path(file.volume, file.path, kind="File")]
    return spec | {"containers": containers, "volumes": volumes}


def _etcd(pods: Pods, slot: Slot) -> Manifest:
    lent = [] if pods.agents_are_static else mounts("token", read_only=True)
    ports = [listening("client", slot.urls.client), listening("peer", slot.urls.peer)]
    found = pods.containers.member([*mounts("data", "run", "tmp"), *lent], ports, probe=[slot.urls.health])
    found["env"].append(TEMPLATE_OF_POD)
    return found


def listening(name: str, url: str) -> Manifest:
    """On the host's network, a container's port is its node's."""
    number = Url.parse(url).port
    return port(name, number) | {"hostPort": number}


def host_path(name: str, path: str, kind: str = "DirectoryOrCreate") -> Manifest:
    """A folder of the node, as a volume of a pod."""
    return {"name": name, "hostPath": {"path": path, "type": kind}}
