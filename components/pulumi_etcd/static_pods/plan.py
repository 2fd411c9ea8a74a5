"""Every Kubernetes object of a cluster but those that carry credentials, as one value: pure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from etcd_ops.model.topology import Slot
from etcd_ops.pod import places
from pulumi_etcd.kubernetes import access, delivery
from pulumi_etcd.kubernetes.access import Rule, rule
from pulumi_etcd.kubernetes.manifests import Manifest
from pulumi_etcd.kubernetes.naming import Names
from pulumi_etcd.static_pods import network
from pulumi_etcd.static_pods.agent_pods import agent_manifest
from pulumi_etcd.static_pods.daemon_set import daemon_set
from pulumi_etcd.static_pods.declaration import Declaration
from pulumi_etcd.static_pods.pods import Node, static_pod


def shared(this: Declaration) -> list[Manifest]:
    """What the members have in common."""
    roles = [access.agents_role(this.names)] if this.channel["kind"] == "kubernetes" else []
    return [network.service(this.names, this.base_port), *roles]


def beside(this: Declaration, slot: Slot) -> list[Manifest]:
    """What a member's DaemonSet needs of its own."""
    names = this.names
    agent_pod = {"namespace": names.namespace, "controller": f"daemonsets/{names.member(slot.name)}"}
    files = _files(this, slot, {"agentPod": agent_pod}, {})
    return [
        access.account(names, slot.name),
        access.own_role(names, slot.name, this.channel, _agent_pod(names, slot.name)),
        *access.bindings(names, slot.name, this.channel),
        delivery.agent_config(names, slot.name, files),
    ]


def installed(this: Declaration, slot: Slot) -> dict[str, str]:
    """What an agent that is a static pod is told, by file name, its credentials aside."""
    node = this.nodes[slot.name]
    own: dict[str, Any] = {"agentStaticPod": {"manifests": str(places.MANIFESTS), "file": node.paths.agent_file}}
    if this.pods.adopted_manifest:
        own["adopted"] = _adopted(this.pods.adopted_manifest, node)
    return _files(this, slot, own, {places.AGENT_POD: agent_manifest(this.pods, slot, node)})


def _adopted(manifest: str, node: Node) -> dict[str, str]:
    """Where the agent finds what the member is taken over from."""
    return {
        "manifest": f"{places.MANIFESTS}/{manifest}",
        "data": str(places.ADOPTED),
        "volume": str(PurePosixPath(node.paths.volume).relative_to(node.paths.data)),
    }


def _files(this: Declaration, slot: Slot, own: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, str]:
    """What every agent is told of its member, and what its kind is told besides."""
    node = this.nodes[slot.name]
    told = {"staticPod": _where(node), **own}
    declared = {places.STATIC_POD: static_pod(this.pods, slot, node), **files}
    return delivery.config_files(this.names, slot, this.agents_channel, this.spec.agent.to_wire(), told, declared)


def _where(node: Node) -> dict[str, Any]:
    """Where the kubelet finds the member's manifest."""
    if node.paths.url_port:
        return {"port": node.paths.url_port}
    return {"manifests": str(places.MANIFESTS), "file": node.paths.file}


def member(this: Declaration, slot: Slot) -> Manifest:
    """A member's DaemonSet."""
    return daemon_set(this.pods, slot, this.nodes[slot.name])


def _agent_pod(names: Names, slot: str) -> list[Rule]:
    """Have the own pod made anew. No rule can name it: what a DaemonSet makes has a name that nobody knows before."""
    return [
        rule("apps", "daemonsets", ["get"], [names.member(slot)]),
        rule("", "pods", ["get", "delete"]),
    ]
