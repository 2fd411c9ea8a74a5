"""The resources of one local cluster, in the order in which they depend on each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pulumi

from pulumi_etcd.certificates import LEAF_TRUST, TRUSTS, Certificates, Leaf
from pulumi_etcd.local.context import LocalContext
from pulumi_etcd.local.declaration import Declaration
from pulumi_etcd.local.member import Credential, LocalMember, LocalMemberAuthorities, LocalMemberCredentials
from pulumi_etcd.local.store import LocalStore
from pulumi_etcd.local.zone import LocalZone
from pulumi_etcd.rollout import Rollout, RolloutCluster
from pulumi_etcd.shared import ChannelConnection
from pulumi_etcd.wire import to_snake


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
    _context(this, certificates, pulumi.ResourceOptions(parent=cluster, depends_on=stores))
    everything: list[pulumi.Resource] = [*stores, *zones.values(), *members]
    starts = {zone: each.starts for zone, each in zones.items()}
    return _rollout(this, certificates, starts, pulumi.ResourceOptions(parent=cluster, depends_on=everything))


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
    leaves = {use: _credential(certificates.members[slot][use]) for use in LEAF_TRUST}
    authorities = {
        trust: {str(number): each.certificate_pem for number, each in certificates.authorities[trust].items()}
        for trust in TRUSTS
    }
    return LocalMember(
        f"{this.name}-{slot}",
        {
            "directory": str(this.directory),
            "cluster": this.name,
            "slot": slot,
            "zone": this.topology.zones[slot],
            "channel": _connection(this),
            "agent": {"version": agent.version, "command": list(agent.command)},
            "credentials": cast("LocalMemberCredentials", leaves),
            "authorities": cast("LocalMemberAuthorities", authorities),
            "keep_volume": this.keep_volumes,
            "adopt": this.adopt,
        },
        options,
    )


def _credential(leaf: Leaf) -> Credential:
    return {"cert_pem": leaf.certificate_pem, "key_pem": leaf.key_pem}


def _connection(this: Declaration) -> ChannelConnection:
    return cast("ChannelConnection", {to_snake(name): value for name, value in this.channel.items()})


def _context(this: Declaration, certificates: Certificates, options: pulumi.ResourceOptions) -> None:
    LocalContext(
        this.name,
        {
            "directory": str(this.directory),
            "cluster": this.name,
            "channel": _connection(this),
            "endpoints": this.endpoints,
            "members": {
                slot.name: {
                    "zone": slot.zone,
                    "client_url": slot.urls.client,
                    "metrics_url": slot.urls.metrics,
                    "health_url": slot.urls.health,
                }
                for slot in this.topology.slots
            },
            "client": _credential(certificates.operator["client"]),
            "metrics": _credential(certificates.operator["metrics"]),
            "client_authorities": certificates.bundle("client"),
            "metrics_authorities": certificates.bundle("metrics"),
        },
        options,
    )


def _rollout(
    this: Declaration,
    certificates: Certificates,
    starts: Mapping[str, pulumi.Output[int]],
    options: pulumi.ResourceOptions,
) -> Rollout:
    """Fingerprints are the only computed leaves of the document."""
    body: dict[str, Any] = this.spec.model_dump(mode="json")
    for slot, member in body["members"].items():
        member["certificates"] = {use: leaf.fingerprint for use, leaf in certificates.members[slot].items()}
    for trust, authorities in certificates.authorities.items():
        body["trust"][trust]["authorities"] = {
            str(generation): authority.fingerprint for generation, authority in authorities.items()
        }
    return Rollout(
        this.name,
        {
            "channel": _connection(this),
            "cluster": cast("RolloutCluster", body),
            "mode": this.mode,
            "adopt": this.adopt,
            "former_owner": this.former_owner,
            "deadline_seconds": this.deadline_seconds,
            "waits_for": starts,
        },
        options,
    )
