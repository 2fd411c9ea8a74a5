"""What a `StaticPodCluster`'s arguments mean: validated at once, with defaults, before anything is created. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from etcd_ops.model.spec import ClusterSpec
from etcd_ops.model.topology import CLIENT_PORT, Slot, Topology
from pulumi_etcd import declaration
from pulumi_etcd.declaration import common, decided
from pulumi_etcd.kubernetes import declaration as kubernetes
from pulumi_etcd.kubernetes import parts as shared
from pulumi_etcd.kubernetes.channels import connections, foreign_connections
from pulumi_etcd.kubernetes.containers import PATHS
from pulumi_etcd.kubernetes.naming import Names
from pulumi_etcd.static_pods import parts
from pulumi_etcd.static_pods.agent_pods import agent_digest
from pulumi_etcd.static_pods.arguments import StaticPodClusterArgs
from pulumi_etcd.static_pods.pods import SECURITY, Node, Pods, static_pod_digest
from pulumi_etcd.trusts import Wire


@dataclass(frozen=True, slots=True)
class Declaration(kubernetes.Declaration):
    """One static pod cluster, completely decided but for its certificates."""

    pods: Pods
    nodes: Mapping[str, Node]
    """By slot."""
    base_port: int

    @property
    def names(self) -> Names:
        """What the cluster's objects are called."""
        return self.pods.names

    @property
    def service(self) -> str:
        """URL of the Service for clients; empty where agents are static pods: whoever needs one is on the nodes."""
        return "" if self.pods.agents_are_static else f"https://{self.names.services[0]}:{self.base_port}"


def declare(name: str, args: StaticPodClusterArgs) -> Declaration:
    """Decide everything that the arguments leave open, and judge the whole.

    Args:
        name: the cluster's.
        args: as the program wrote them.

    Raises:
        Invalid: with every problem, by property path.
    """
    collected, wire = kubernetes.fitted(args, StaticPodClusterArgs, {"slots": {}})
    wire["slots"] = {slot: _complete(each, number) for number, (slot, each) in enumerate(wire["slots"].items())}
    names = Names(*shared.named(name, wire))
    pods = parts.pods(wire, names, shared.containers(collected, wire))
    wire["etcd"].pop("image", None)
    topology = collected.of(lambda: parts.topology(wire, names), Topology(()))
    if pods.agents_are_static:
        outside, inside = foreign_connections(collected, name, wire, PATHS["kubeconfig"])
    else:
        outside, inside = connections(collected, name, wire)
    collected.problems += parts.own_problems(name, wire)
    spec, trusts = decided(collected, name, wire, topology, shared.binary(pods.containers.etcd), shared.agent(wire))
    nodes = parts.nodes(wire, names)
    return Declaration(
        **common(name, wire, topology, _with_templates(spec, topology, pods, nodes), trusts, outside),
        **kubernetes.common(wire, inside),
        pods=pods,
        nodes=nodes,
        base_port=wire.get("basePort", CLIENT_PORT),
    )


def _complete(slot: Wire, number: int) -> Wire:
    """What is missing is a problem already, and must not keep the rest from being judged, nor be another problem."""
    return {"zone": f"z{number}", "node": f"n{number}", "address": f"a{number}", **slot}


def _with_templates(spec: ClusterSpec, topology: Topology, pods: Pods, nodes: Mapping[str, Node]) -> ClusterSpec:
    """The document's body that says which pods every member and its agent are to run in."""

    def templates(slot: Slot) -> dict[str, str]:
        node = nodes[slot.name]
        return {
            "template": static_pod_digest(pods, slot, node),
            "agent_template": agent_digest(pods, slot, node),
        }

    members = {slot.name: spec.members[slot.name].model_copy(update=templates(slot)) for slot in topology.slots}
    return spec.model_copy(update={"members": members})


def contract(this: Declaration) -> dict[str, Any]:
    """What policies and reviewers read: everything that matters, nothing secret, all of it known in a preview."""
    nodes = {
        slot: {
            "node": each.name,
            "manifestDirectory": each.paths.manifests,
            "manifestUrlPort": each.paths.url_port,
        }
        for slot, each in this.nodes.items()
    }
    return (
        declaration.contract(this, "static-pods")
        | kubernetes.contract(this, this.names)
        | {
            "nodes": nodes,
            "agentKind": parts.STATIC_POD if this.pods.agents_are_static else parts.DAEMON_SET,
            "podSecurity": dict(SECURITY),
            "priorityClassName": this.pods.priority_class,
            **kubernetes.contained(this.pods.containers),
        }
    )
