"""Every Kubernetes object of a cluster but those that carry credentials, as one value: pure."""

from __future__ import annotations

from etcd_ops.model.topology import Slot
from pulumi_etcd.kubernetes import access, delivery
from pulumi_etcd.kubernetes.access import Rule, rule
from pulumi_etcd.kubernetes.manifests import Manifest
from pulumi_etcd.stateful_sets import disruption, network
from pulumi_etcd.stateful_sets.declaration import Declaration
from pulumi_etcd.stateful_sets.naming import StatefulSetNames
from pulumi_etcd.stateful_sets.stateful_set import stateful_set


def shared(this: Declaration) -> list[Manifest]:
    """What the members have in common."""
    roles = [access.agents_role(this.names)] if this.channel["kind"] == "kubernetes" else []
    return [
        *network.services(this.names),
        network.policy(this.names, this.clients, this.metrics_clients, migrates=this.spec.migration is not None),
        disruption.budget(this.names, len(this.slots)),
        *roles,
    ]


def beside(this: Declaration, slot: Slot) -> list[Manifest]:
    """What a member's StatefulSet needs of its own."""
    own = {"pod": _pod(this.names, slot.name)}
    files = delivery.config_files(this.names, slot, this.agents_channel, this.spec.agent.to_wire(), own)
    return [
        access.account(this.names, slot.name),
        access.own_role(this.names, slot.name, this.channel, _own_pod(this.names, slot.name)),
        *access.bindings(this.names, slot.name, this.channel),
        delivery.agent_config(this.names, slot.name, files),
    ]


def member(this: Declaration, slot: Slot) -> Manifest:
    """A member's StatefulSet."""
    return stateful_set(this.pods, slot, this.volume_bytes, this.storage_class_of(slot.name))


def _own_pod(names: StatefulSetNames, slot: str) -> list[Rule]:
    """Have the own pod made anew or its agent's image exchanged, and look which claim its volume is mounted by."""
    return [
        rule("apps", "statefulsets", ["get"], [names.member(slot)]),
        rule("", "pods", ["get", "patch", "delete"], [names.pod(slot)]),
        rule("", "persistentvolumeclaims", ["get"], [names.claim(slot)]),
    ]


def _pod(names: StatefulSetNames, slot: str) -> dict[str, str]:
    """The pod of agent and member, as its agent is told of it."""
    return {
        "namespace": names.namespace,
        "name": names.pod(slot),
        "controller": f"statefulsets/{names.member(slot)}",
        "claim": names.claim(slot),
    }
