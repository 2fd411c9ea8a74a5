"""The resources of one static pod cluster, in the order in which they depend on each other."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from etcd_ops.model.topology import Slot
from etcd_ops.model.urls import Url
from pulumi_etcd.certificates import Certificates
from pulumi_etcd.kubernetes import delivery, placing
from pulumi_etcd.kubernetes.placing import Place, credential_files
from pulumi_etcd.placing import connection
from pulumi_etcd.rollout import Rollout
from pulumi_etcd.static_pods import plan
from pulumi_etcd.static_pods.declaration import Declaration
from pulumi_etcd.static_pods.member import StaticPodMember


def create(cluster: pulumi.Resource, this: Declaration, certificates: Certificates) -> Rollout:
    """Declare objects and members, and the rollout that depends on them all.

    Args:
        cluster: the component that they belong to.
        this: what is declared.
        certificates: what was issued for it.
    """

    def member(place: Place, slot: Slot, everybodys: Sequence[pulumi.Resource]) -> list[pulumi.Resource]:
        """Its DaemonSet is made last and deleted first; after that nobody puts the static pod back."""
        own: list[pulumi.Resource] = [place.put(each) for each in plan.beside(this, slot)]
        own.append(place.put(delivery.credentials(this.names, slot.name, credential_files(certificates, slot.name))))
        own.append(_record(this, slot, pulumi.ResourceOptions(parent=cluster, protect=this.protect_volumes)))
        daemon_set = place.put(plan.member(this, slot), depends_on=[*everybodys, *own])
        return [*own, daemon_set]

    return placing.create(cluster, this, this.names, certificates, plan.shared(this), member)


def _record(this: Declaration, slot: Slot, options: pulumi.ResourceOptions) -> StaticPodMember:
    node = this.nodes[slot.name]
    return StaticPodMember(
        this.names.member(slot.name),
        {
            "channel": connection(this.channel),
            "cluster": this.name,
            "slot": slot.name,
            "name": this.names.member(slot.name),
            "zone": slot.zone,
            "node": node.name,
            "address": Url.parse(slot.urls.client).host,
            "base_port": this.base_port,
            "namespace": this.names.namespace,
            "namespace_uid": this.namespace_uid,
            "kubeconfig": this.kubeconfig,
            "context": this.context,
            "manifests": node.paths.manifests,
            "file": node.paths.file,
            "volumes": node.paths.volumes,
            "runs": node.paths.runs,
            "image": this.pods.containers.agent.reference,
        },
        options,
    )
