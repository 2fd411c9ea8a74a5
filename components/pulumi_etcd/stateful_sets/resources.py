"""The resources of one StatefulSet cluster, in the order in which they depend on each other."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from etcd_ops.model.topology import Slot
from pulumi_etcd.certificates import Certificates
from pulumi_etcd.kubernetes import delivery, placing
from pulumi_etcd.kubernetes.placing import Place, secret_files
from pulumi_etcd.placing import connection
from pulumi_etcd.rollout import Rollout
from pulumi_etcd.stateful_sets import plan
from pulumi_etcd.stateful_sets.declaration import Declaration
from pulumi_etcd.stateful_sets.member import StatefulSetMember, StatefulSetMemberArgs
from pulumi_etcd.stateful_sets.stateful_set import KEPT


def create(cluster: pulumi.Resource, this: Declaration, certificates: Certificates) -> Rollout:
    """Declare objects and members, and the rollout that depends on them all.

    Args:
        cluster: the component that they belong to.
        this: what is declared.
        certificates: what was issued for it.
    """

    def record(slot: Slot) -> pulumi.Resource:
        return _record(this, slot, pulumi.ResourceOptions(parent=cluster, protect=this.protect_volumes))

    def member(place: Place, slot: Slot, needed: Sequence[pulumi.Resource]) -> list[pulumi.Resource]:
        """Its StatefulSet is made last and deleted first."""
        secret = delivery.credentials(this.names, slot.name, secret_files(certificates, slot.name))
        own = place.put_all([*plan.beside(this, slot), secret], needed)
        stateful_set = place.put(
            plan.member(this, slot),
            depends_on=[*needed, *own],
            protect=this.protect_volumes,
            ignore_changes=list(KEPT),
        )
        return [*own, stateful_set]

    shared = [*plan.shared(this), placing.delivered_authorities(this.names, certificates)]
    return placing.create(cluster, this, this.names, certificates, shared, record, member)


def _record(this: Declaration, slot: Slot, options: pulumi.ResourceOptions) -> StatefulSetMember:
    args: StatefulSetMemberArgs = {
        "channel": connection(this.channel),
        "cluster": this.name,
        "slot": slot.name,
        "zone": slot.zone,
        "namespace": this.names.namespace,
        "namespace_uid": this.namespace_uid,
        "kubeconfig": this.kubeconfig,
        "context": this.context,
        "pod": this.names.pod(slot.name),
        "claim": this.names.claim(slot.name),
        "volume_bytes": this.volume_bytes,
        "storage_class": this.storage_class_of(slot.name),
    }
    if this.former_owner:
        args["former_owner"] = this.former_owner
    return StatefulSetMember(this.names.member(slot.name), args, options)
