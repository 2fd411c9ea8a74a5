"""The resources of one static pod cluster, in the order in which they depend on each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pulumi

from etcd_ops.model.topology import Slot
from etcd_ops.model.urls import Url
from pulumi_etcd.certificates import Certificates
from pulumi_etcd.kubernetes import delivery, placing
from pulumi_etcd.kubernetes.placing import Place, authority_files, credential_files, secret_files
from pulumi_etcd.placing import connection
from pulumi_etcd.rollout import Rollout
from pulumi_etcd.static_pods import plan
from pulumi_etcd.static_pods.declaration import Declaration
from pulumi_etcd.static_pods.installation import StaticPodInstallation
from pulumi_etcd.static_pods.member import StaticPodMember, StaticPodMemberArgs


def create(cluster: pulumi.Resource, this: Declaration, certificates: Certificates) -> Rollout:
    """Declare objects and members, and the rollout that depends on them all.

    Args:
        cluster: the component that they belong to.
        this: what is declared.
        certificates: what was issued for it.
    """
    return (_with_static_agents if this.pods.agents_are_static else _with_daemon_sets)(cluster, this, certificates)


def _with_daemon_sets(cluster: pulumi.Resource, this: Declaration, certificates: Certificates) -> Rollout:
    def record(slot: Slot) -> pulumi.Resource:
        return _record(cluster, this, slot)

    def member(place: Place, slot: Slot, needed: Sequence[pulumi.Resource]) -> list[pulumi.Resource]:
        """Its DaemonSet is made last and deleted first; after that nobody puts the static pod back."""
        secret = delivery.credentials(this.names, slot.name, secret_files(certificates, slot.name))
        own = place.put_all([*plan.beside(this, slot), secret], needed)
        return [*own, place.put(plan.member(this, slot), depends_on=[*needed, *own])]

    shared = [*plan.shared(this), placing.delivered_authorities(this.names, certificates)]
    return placing.create(cluster, this, this.names, certificates, shared, record, member)


def _with_static_agents(cluster: pulumi.Resource, this: Declaration, certificates: Certificates) -> Rollout:
    """No object in the API server, which may be away because it needs what is declared."""
    everything: list[pulumi.Resource] = []
    for slot in this.slots:
        record = _record(cluster, this, slot)
        options = pulumi.ResourceOptions(parent=cluster, depends_on=[record])
        everything += [record, _installation(this, slot, certificates, options)]
    return placing.roll_out(cluster, this, certificates, everything)


def _installation(
    this: Declaration, slot: Slot, certificates: Certificates, options: pulumi.ResourceOptions
) -> StaticPodInstallation:
    node = this.nodes[slot.name]
    return StaticPodInstallation(
        this.names.agent(slot.name),
        {
            "cluster": this.name,
            "slot": slot.name,
            "name": this.names.agent(slot.name),
            "node": node.name,
            "namespace": this.names.namespace,
            "namespace_uid": this.namespace_uid,
            "kubeconfig": this.kubeconfig,
            "context": this.context,
            "manifests": node.paths.manifests,
            "file": node.paths.agent_file,
            "delivered": node.paths.delivered,
            "tree": str(Path(this.directory, "nodes", slot.name)) if this.directory else "",
            "image": this.pods.containers.agent.reference,
            "files": {
                "config": plan.installed(this, slot),
                "credentials": credential_files(certificates, slot.name),
                "authorities": authority_files(certificates),
            },
        },
        options,
    )


def _record(cluster: pulumi.Resource, this: Declaration, slot: Slot) -> StaticPodMember:
    """It takes the member off its node, and an agent that is a static pod as well."""
    node = this.nodes[slot.name]
    args: StaticPodMemberArgs = {
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
        "agent_file": node.paths.agent_file if this.pods.agents_are_static else "",
        "url_port": node.paths.url_port,
        "volumes": node.paths.volumes,
        "runs": node.paths.runs,
        "image": this.pods.containers.agent.reference,
    }
    if this.former_owner:
        args["former_owner"] = this.former_owner
    options = pulumi.ResourceOptions(parent=cluster, protect=this.protect_volumes)
    return StaticPodMember(this.names.member(slot.name), args, options)
