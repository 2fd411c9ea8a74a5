"""What is to be declared on AWS, as far as AWS may refuse it: written by hand, or of a component's contract. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError

from etcd_ops.model.document import Strict
from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.model.root_volumes import ROOT_BYTES, ROOT_DEVICE

GIB, TIB = 1024**3, 1024**4


class Volume(Strict):
    """A member's data volume."""

    type: str = "gp3"
    size_bytes: int = Field(gt=0)
    iops: int = Field(default=3000, gt=0)
    throughput_mibps: int = Field(default=125, gt=0)


class Demand(Strict):
    """One cluster."""

    cluster: str
    region: str
    account: str = Field(pattern=r"^[0-9]{12}$")
    image: str
    instance_type: str
    architecture: str = Field(pattern="^(x86_64|arm64)$")
    members: dict[str, str] = Field(min_length=1)
    """Zone by slot."""
    volume: Volume
    root_bytes: int = Field(default=ROOT_BYTES, ge=0)
    """Size of each member's root volume, which is of gp3."""
    root_device: str = ROOT_DEVICE
    """Whose volume is encrypted and of that size; empty where it was not told."""
    subnets: dict[str, str] = Field(default_factory=dict)
    """ID by zone, of subnets that are there; without those that are yet to be made, or that nobody named."""
    taken_addresses: dict[str, int] | None = None
    """By ID of a subnet: addresses that a change of a cluster takes there. None where all of the cluster is made."""
    makes_network: bool = False
    network_subnets: int = Field(default=0, ge=0)
    """Of the network that is made; 0 where it has one in each zone with members."""
    interface_endpoints: int = Field(default=0, ge=0)
    """Of the network that is made: each has an interface in every one of its subnets."""
    load_balancer: bool = False
    load_balancer_subnets: int = Field(default=0, ge=0)
    """In each of which it has an interface; 0 where it is in one of each zone with members."""
    limits: dict[str, float] = Field(default_factory=dict)
    """Quotas by `SERVICE/CODE` that are told here instead of asked for."""

    @property
    def zones(self) -> tuple[str, ...]:
        """Zones that have members, in the order of their names."""
        return tuple(sorted(set(self.members.values())))

    @property
    def interfaces(self) -> int:
        """Network interfaces of members, of the load balancer, and of the endpoints of the network that is made."""
        balanced = (self.load_balancer_subnets or len(self.zones)) if self.load_balancer else 0
        return len(self.members) + balanced + self.made_endpoints * (self.network_subnets or len(self.zones))

    @property
    def made_endpoints(self) -> int:
        """Interface endpoints that are made: none where the network is there, as it is."""
        return self.interface_endpoints if self.makes_network else 0

    @property
    def gp3_tib(self) -> float:
        """Size of all volumes of gp3 in TiB: of every root, and of data where theirs are."""
        data = self.volume.size_bytes if self.volume.type == "gp3" else 0
        return len(self.members) * (data + self.root_bytes) / TIB


def of_contract(contract: Mapping[str, Any]) -> Demand:
    """What a component's contract asks of AWS.

    Raises:
        Invalid: the contract lacks something.
    """
    declared = contract.get("contract", contract)
    try:
        members, machine, volume = declared["members"], declared["machine"], declared["volume"]
        network = declared["network"]
        wire = {
            "cluster": declared["clusterName"],
            "region": declared["region"],
            "account": declared["account"],
            "image": machine["image"],
            "instanceType": machine["instanceType"],
            "architecture": machine["architecture"],
            "members": {slot: member["zone"] for slot, member in members.items()},
            "volume": {
                "type": volume["type"],
                "sizeBytes": max(member["volumeBytes"] for member in members.values()),
                "iops": volume["iops"],
                "throughputMibps": volume["throughputMibps"],
            },
            # Contracts of earlier releases do not tell these.
            "rootBytes": machine.get("rootBytes", ROOT_BYTES),
            "rootDevice": machine.get("rootDevice", ""),
            "makesNetwork": network["made"],
            "networkSubnets": network["subnets"] if network["made"] else 0,
            "interfaceEndpoints": network["interfaceEndpoints"] if network["made"] else 0,
            "loadBalancer": declared["loadBalancer"],
            "loadBalancerSubnets": declared.get("loadBalancerSubnets", 0),
        }
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Invalid([Problem("contract", f"it lacks {error}", "use the provider's contract as it is")]) from error
    return demand(wire)


def demand(value: Mapping[str, Any]) -> Demand:
    """A demand as it is written.

    Raises:
        Invalid: with every problem, by property path.
    """
    try:
        return Demand.model_validate(json.loads(json.dumps(value)))
    except (ValidationError, TypeError) as error:
        if not isinstance(error, ValidationError):
            raise Invalid([Problem("", "it has values that are not JSON")]) from error
        listed = error.errors()
        problems = [Problem(".".join(str(part) for part in each["loc"]), each["msg"]) for each in listed]
        raise Invalid(problems) from error
