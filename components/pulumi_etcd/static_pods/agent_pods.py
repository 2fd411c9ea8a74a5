"""The pod of a member's agent: pure. A DaemonSet makes it for its one node, or the kubelet runs it from a file.

The latter needs no API server but to be put there, so it is for clusters that back the API server of their own nodes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from etcd_ops.model.topology import Slot
from etcd_ops.pod import places
from etcd_ops.pod.template import template_digest
from etcd_ops.static_pod import manifest as static
from pulumi_etcd.kubernetes.containers import TAKEN_BACK, mounts, named_by_digest, token_sources
from pulumi_etcd.kubernetes.manifests import Manifest
from pulumi_etcd.static_pods.naming import AGENT, labels
from pulumi_etcd.static_pods.pods import (
    HOSTNAME_LABEL,
    TEMPLATE_OF_POD,
    Node,
    Pods,
    host_path,
    listening,
    on_host_network,
    with_channel_file,
)

DELIVERED = ("config", "credentials", "authorities")
"""What an agent is told, a folder each."""


def agent_template(pods: Pods, slot: Slot, node: Node) -> Manifest:
    """The template of a slot's agent's pod, which names its own digest."""
    return named_by_digest(_template(pods, slot, node))


def agent_manifest(pods: Pods, slot: Slot, node: Node) -> str:
    """The manifest of a slot's agent that is a static pod, which names its own digest."""
    return static.encode(_static(pods, slot, node))


def agent_digest(pods: Pods, slot: Slot, node: Node) -> str:
    """Tells one such template, or manifest, from another."""
    return template_digest((_static if pods.agents_are_static else _template)(pods, slot, node))


def _template(pods: Pods, slot: Slot, node: Node) -> Manifest:
    names = pods.names
    delivered: list[Manifest] = [
        {"name": "config", "configMap": {"name": names.member(slot.name)}},
        {"name": "credentials", "secret": {"secretName": names.credentials(slot.name), "defaultMode": 0o400}},
        {"name": "authorities", "configMap": {"name": names.authorities}},
        {"name": "token", "projected": {"sources": token_sources()}},
    ]
    own = {"serviceAccountName": names.member(slot.name), "nodeSelector": {HOSTNAME_LABEL: node.name}}
    named = {"name": places.POD, "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
    spec = _spec(pods, node, own, _agent(pods, slot, [*DELIVERED, "token"], named, TAKEN_BACK), delivered)
    return {"metadata": {"labels": labels(names, slot.name, AGENT)}, "spec": spec}


def _static(pods: Pods, slot: Slot, node: Node) -> Manifest:
    names = pods.names
    metadata = {
        "name": names.agent(slot.name),
        "namespace": names.namespace,
        "labels": labels(names, slot.name, AGENT),
    }
    more = [host_path(each, f"{node.paths.delivered}/{each}", kind="Directory") for each in DELIVERED]
    agent = _agent(pods, slot, DELIVERED, TEMPLATE_OF_POD)
    # On the host's network, a pod that names a port is refused where another one does, whatever their addresses:
    # kubeadm's etcd names that of its probes.
    del agent["ports"]
    if pods.adopted_manifest:
        agent["volumeMounts"].append({"name": "adopted", "mountPath": str(places.ADOPTED)})
        more.append(host_path("adopted", node.paths.data, kind="Directory"))
    spec = _spec(pods, node, {}, agent, more)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _spec(pods: Pods, node: Node, own: Mapping[str, Any], agent: Manifest, delivered: list[Manifest]) -> Manifest:
    spec = {
        **on_host_network(pods),
        **own,
        "initContainers": [pods.containers.provider(), pods.containers.etcd_program()],
        "containers": [agent],
        "volumes": [
            host_path("data", node.paths.volume),
            host_path("run", node.paths.run),
            host_path("manifests", node.paths.manifests, kind="Directory"),
            *({"name": each, "emptyDir": {}} for each in ("programs", "tmp")),
            *delivered,
        ],
    }
    return with_channel_file(pods, spec)


def _agent(pods: Pods, slot: Slot, delivered: Sequence[str], *told: Manifest) -> Manifest:
    manifests = {"name": "manifests", "mountPath": str(places.MANIFESTS)}
    mounted = [
        *mounts("data", "run", "tmp"),
        *mounts("programs", read_only=True),
        *mounts(*delivered, read_only=True),
        manifests,
    ]
    found = pods.containers.keeper(mounted, [listening("metrics", slot.urls.metrics)])
    found["env"].extend(told)
    return found
