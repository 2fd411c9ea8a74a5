"""What a `StatefulSetCluster`'s arguments mean: validated at once, with defaults, before anything is created. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etcd_ops.model.spec import ClusterSpec
from etcd_ops.model.topology import CLIENT_PORT, Topology
from pulumi_etcd import declaration
from pulumi_etcd.declaration import Collected, common, decided
from pulumi_etcd.kubernetes import declaration as kubernetes
from pulumi_etcd.kubernetes import parts as shared
from pulumi_etcd.kubernetes.channels import connections
from pulumi_etcd.stateful_sets import parts
from pulumi_etcd.stateful_sets.arguments import StatefulSetClusterArgs
from pulumi_etcd.stateful_sets.disruption import minimum
from pulumi_etcd.stateful_sets.naming import StatefulSetNames
from pulumi_etcd.stateful_sets.pods import SECURITY, Pods, agent_digest, template_digest
from pulumi_etcd.trusts import Wire


@dataclass(frozen=True, slots=True)
class Declaration(kubernetes.Declaration):
    """One StatefulSet cluster, completely decided but for its certificates."""

    pods: Pods
    storage_class: str
    """Empty for the Kubernetes cluster's default."""
    storage_classes: Mapping[str, str]
    """By slot, where it is another one."""
    clients: Sequence[Mapping[str, Any]]
    metrics_clients: Sequence[Mapping[str, Any]]

    def storage_class_of(self, slot: str) -> str:
        """Of a slot's volume."""
        return self.storage_classes.get(slot, self.storage_class)

    @property
    def names(self) -> StatefulSetNames:
        """What the cluster's objects are called."""
        return self.pods.names

    @property
    def service(self) -> str:
        """URL of the Service for clients."""
        return f"https://{self.names.services[0]}:{CLIENT_PORT}"


def declare(name: str, args: StatefulSetClusterArgs) -> Declaration:
    """Decide everything that the arguments leave open, and judge the whole.

    Args:
        name: the cluster's.
        args: as the program wrote them.

    Raises:
        Invalid: with every problem, by property path.
    """
    collected, wire = kubernetes.fitted(args, StatefulSetClusterArgs, {})
    pods = _pods(collected, StatefulSetNames(*shared.named(name, wire)), wire)
    wire["etcd"].pop("image", None)
    topology = collected.of(lambda: parts.topology(wire, pods.names), Topology(()))
    outside, inside = connections(collected, name, wire)
    collected.problems += parts.own_problems(name, wire, topology)
    binary = shared.binary(pods.containers.etcd)
    spec, trusts = decided(collected, name, wire, topology, binary, shared.agent(wire))
    return Declaration(
        **common(name, wire, topology, _with_templates(spec, topology, pods), trusts, outside),
        **kubernetes.common(wire, inside),
        pods=pods,
        storage_class=wire.get("storageClass", ""),
        storage_classes=wire.get("storageClasses", {}),
        clients=wire.get("clients", parts.ANYBODY_HERE),
        metrics_clients=wire.get("metricsClients", parts.ANYBODY_HERE),
    )


def _pods(collected: Collected, named: StatefulSetNames, wire: Wire) -> Pods:
    return Pods(
        names=named,
        containers=shared.containers(collected, wire),
        priority_class=wire.get("priorityClassName", ""),
        tolerations=wire.get("tolerations", ()),
        generation=wire.get("podGeneration", 0),
    )


def _with_templates(spec: ClusterSpec, topology: Topology, pods: Pods) -> ClusterSpec:
    """The document's body that says which pod every member is to run in."""
    agent = agent_digest(pods)
    members = {
        slot.name: spec.members[slot.name].model_copy(
            update={"template": template_digest(pods, slot), "agent_template": agent}
        )
        for slot in topology.slots
    }
    return spec.model_copy(update={"members": members})


def contract(this: Declaration) -> dict[str, Any]:
    """What policies and reviewers read: everything that matters, nothing secret, all of it known in a preview."""
    pods = this.pods
    return (
        declaration.contract(this, "stateful-sets")
        | kubernetes.contract(this, this.names)
        | {
            "storageClass": this.storage_class,
            "storageClasses": dict(this.storage_classes),
            "disruptionBudget": {"minAvailable": minimum(len(this.slots))},
            "podSecurity": dict(SECURITY),
            **kubernetes.contained(pods.containers),
            "priorityClassName": pods.priority_class,
            "podGeneration": pods.generation,
            "tolerations": [dict(each) for each in pods.tolerations],
            "clients": [dict(each) for each in this.clients],
            "metricsClients": [dict(each) for each in this.metrics_clients],
        }
    )
