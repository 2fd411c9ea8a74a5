"""Every Kubernetes object of a cluster but those that carry credentials, as one value: pure."""

from __future__ import annotations

from etcd_ops.model.topology import Slot
from pulumi_etcd.stateful_sets import access, delivery, disruption, network
from pulumi_etcd.stateful_sets.declaration import Declaration
from pulumi_etcd.stateful_sets.manifests import Manifest
from pulumi_etcd.stateful_sets.stateful_set import stateful_set


def shared(this: Declaration) -> list[Manifest]:
    """What the members have in common."""
    roles = [access.agents_role(this.names)] if this.channel["kind"] == "kubernetes" else []
    return [
        *network.services(this.names),
        network.policy(this.names, this.clients, this.metrics_clients),
        disruption.budget(this.names, len(this.slots)),
        *roles,
    ]


def beside(this: Declaration, slot: Slot) -> list[Manifest]:
    """What a member's StatefulSet needs of its own."""
    agent = this.spec.agent.to_wire()
    return [
        access.account(this.names, slot.name),
        access.own_role(this.names, slot.name, this.channel),
        *access.bindings(this.names, slot.name, this.channel),
        delivery.agent_config(this.names, slot, this.agents_channel, agent),
    ]


def member(this: Declaration, slot: Slot) -> Manifest:
    """A member's StatefulSet."""
    return stateful_set(this.pods, slot, this.volume_bytes, this.storage_class)
