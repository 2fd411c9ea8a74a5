"""The resources of one local cluster, in the order in which they depend on each other."""

from __future__ import annotations

from typing import cast

import pulumi

from pulumi_etcd.certificates import Certificates
from pulumi_etcd.local.declaration import Declaration
from pulumi_etcd.local.member import LocalMember, LocalMemberAuthorities, LocalMemberCredentials
from pulumi_etcd.local.store import LocalStore
from pulumi_etcd.local.zone import LocalZone
from pulumi_etcd.placing import authorities, connection, context, credentials, rollout
from pulumi_etcd.rollout import Rollout


def create(cluster: pulumi.Resource, this: Declaration, certificates: Certificates) -> Rollout:
    """Declare stores, zones and members, and the rollout that depends on them all.

    Args:
        cluster: the component that they belong to.
        this: what is declared.
        certificates: what was issued for it.
    """
    stores = _stores(this, pulumi.ResourceOptions(parent=cluster))
    zones = {zone: _zone(this, zone, pulumi.ResourceOptions(parent=cluster)) for zone in this.zones}
    members = []
    for slot, zone in this.topology.zones.items():
        needs = [zones[zone], *stores]
        options = pulumi.ResourceOptions(parent=cluster, depends_on=needs, protect=this.protect_volumes)
        members.append(_member(this, slot, certificates, options))
    context(this, str(this.directory), certificates, pulumi.ResourceOptions(parent=cluster, depends_on=stores))
    everything: list[pulumi.Resource] = [*stores, *zones.values(), *members]
    starts = {zone: each.starts for zone, each in zones.items()}
    return rollout(this, certificates, starts, pulumi.ResourceOptions(parent=cluster, depends_on=everything))


def _stores(this: Declaration, options: pulumi.ResourceOptions) -> list[pulumi.Resource]:
    if this.channel["kind"] != "directory":
        return []
    directory = str(this.channel["directory"])
    return [LocalStore(this.name, {"directory": directory, "keep": this.keep_volumes}, options)]


def _zone(this: Declaration, zone: str, options: pulumi.ResourceOptions) -> LocalZone:
    remote = this.channel["kind"] != "directory"
    directory = str(this.directory)
    return LocalZone(f"{this.name}-{zone}", {"directory": directory, "zone": zone, "object_store": remote}, options)


def _member(this: Declaration, slot: str, certificates: Certificates, options: pulumi.ResourceOptions) -> LocalMember:
    agent = this.spec.agent
    return LocalMember(
        f"{this.name}-{slot}",
        {
            "directory": str(this.directory),
            "cluster": this.name,
            "slot": slot,
            "zone": this.topology.zones[slot],
            "channel": connection(this.channel),
            "agent": {"version": agent.version, "command": list(agent.command)},
            "credentials": cast("LocalMemberCredentials", credentials(certificates, slot)),
            "authorities": cast("LocalMemberAuthorities", authorities(certificates)),
            "keep_volume": this.keep_volumes,
            "adopt": this.adopt,
        },
        options,
    )
