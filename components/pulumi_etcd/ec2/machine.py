"""What a member's machine is told, and what tells one kind of machine from another: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from etcd_ops.ec2.user_data import render
from etcd_ops.model.document import canonical, digest
from etcd_ops.model.root_volumes import ROOT_DEVICE
from etcd_ops.model.topology import Slot
from pulumi_etcd.ec2.machines import Machines
from pulumi_etcd.ec2.naming import ARTIFACTS, HOOK, Ec2Names
from pulumi_etcd.ec2.planned import Ref

UNKNOWN: Mapping[str, str] = {"hostedZoneId": "", "template": ""}
"""What a template's digest does not depend on: the one is known only later, the other is the digest."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """What the machines of one cluster have in common, and are told."""

    names: Ec2Names
    machines: Machines
    channel: Mapping[str, Any]
    """Connection value, as members use it."""
    endpoint_url: str


def zone_name(names: Ec2Names) -> str:
    """Name of the resource of the private zone."""
    return f"{names.cluster}-zone"


def configuration(fleet: Fleet, slot: Slot) -> dict[str, Any]:
    """A machine's configuration; nothing in it is secret, and only the private zone's ID is not known in a preview."""
    told = _told(fleet, slot)
    return {**told, "hostedZoneId": Ref(zone_name(fleet.names), "zoneId"), "template": template_digest(fleet, slot)}


def template_digest(fleet: Fleet, slot: Slot) -> str:
    """Tells one kind of machine of a slot from another: a machine of another kind is replaced, one at a time."""
    names, machines = fleet.names, fleet.machines
    # The default is left out, so that machines whose digest was made without it stay.
    root = {"rootDevice": machines.root_device} if machines.root_device != ROOT_DEVICE else {}
    return digest(
        canonical(
            {
                "image": machines.image,
                "instanceType": machines.instance_type,
                "profile": names.role(slot.name),
                "userData": render({**_told(fleet, slot), **UNKNOWN}),
                **root,
            }
        )
    )


def _told(fleet: Fleet, slot: Slot) -> dict[str, Any]:
    names = fleet.names
    return {
        "cluster": names.cluster,
        "slot": slot.name,
        "zone": slot.zone,
        "region": names.region,
        "account": names.account,
        "architecture": fleet.machines.architecture,
        "channel": dict(fleet.channel),
        "artifacts": ARTIFACTS,
        "secret": names.secret(slot.name),
        "host": names.host(slot.name),
        "group": names.member(slot.name),
        "hook": HOOK,
        "endpointUrl": fleet.endpoint_url,
    }
