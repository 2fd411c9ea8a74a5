"""What is to be declared on AWS, as far as AWS may refuse it: of a file, a preview or a stack's outputs. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml
from pydantic import Field, ValidationError

from etcd_ops.model.document import Strict
from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.model.tags import CLUSTER_TAG, SLOT_TAG

PLATFORM = "ec2"
COMPONENT = "etcd:index:Ec2Cluster"
GROUP = "aws:autoscaling/group:Group"
_SUBNET = "subnet-"
"""Begins the ID of a subnet; one that is about to be made has another text in a preview."""
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
    subnets: dict[str, str] = Field(default_factory=dict)
    """ID by zone, of subnets that are there; empty where the network is made, or the IDs are not known."""
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
    def storage_tib(self) -> float:
        """Size of all data volumes in TiB."""
        return len(self.members) * self.volume.size_bytes / TIB


def read(text: str) -> tuple[Demand, ...]:
    """Every cluster on AWS in a text.

    Args:
        text: JSON or YAML: a demand; the contract of a component; the outputs of a stack (`pulumi stack output --json`)
            that has such a contract among them; or a preview (`pulumi preview --json`).

    Raises:
        Invalid: it is none of these, or has no such cluster.
    """
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Invalid([Problem("", "it is neither JSON nor YAML")]) from error
    if not isinstance(value, Mapping):
        raise Invalid([Problem("", "it is not an object")])
    found: list[Demand] = []
    for demand in _demands(value):
        if demand not in found:  # outputs may tell one twice
            found.append(demand)
    if not found:
        reason = "it has no cluster on AWS"
        remedy = "give a demand, a preview (`pulumi preview --json`), or outputs with a cluster's contract"
        raise Invalid([Problem("", reason, remedy)])
    return tuple(found)


def _demands(value: Mapping[str, Any]) -> Iterable[Demand]:
    if "steps" in value:
        return list(_of_preview([step.get("newState") or {} for step in value["steps"]]))
    contracts = [value] if _is_contract(value) else [each for each in value.values() if _is_contract(each)]
    if contracts:
        return [of_contract(each) for each in contracts]
    return [_parsed(value)] if "cluster" in value else []


def _of_preview(states: Sequence[Mapping[str, Any]]) -> Iterator[Demand]:
    for state in states:
        if state.get("type") == COMPONENT:
            found = of_contract(state.get("inputs", {}))
            yield found.model_copy(update={"subnets": _subnets(found, states)})


def _subnets(demand: Demand, states: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """A contract does not tell subnets, because they may be made as well: the groups of its members name them."""
    found = {}
    for state in states:
        inputs = state.get("inputs", {}) if state.get("type") == GROUP else {}
        tags = {each.get("key"): each.get("value") for each in inputs.get("tags", ())}
        identity = next(iter(inputs.get("vpcZoneIdentifiers", ())), "")
        slot = tags.get(SLOT_TAG)
        if tags.get(CLUSTER_TAG) == demand.cluster and slot in demand.members and identity.startswith(_SUBNET):
            found[demand.members[slot]] = identity
    return found


def _is_contract(value: Any) -> bool:
    if isinstance(value, Mapping) and "contract" in value:
        return _is_contract(value["contract"])
    return isinstance(value, Mapping) and value.get("platform") == PLATFORM and "members" in value


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
            "makesNetwork": network["made"],
            "networkSubnets": network["subnets"] if network["made"] else 0,
            "interfaceEndpoints": network["interfaceEndpoints"] if network["made"] else 0,
            "loadBalancer": declared["loadBalancer"],
            "loadBalancerSubnets": declared.get("loadBalancerSubnets", 0),
        }
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Invalid([Problem("contract", f"it lacks {error}", "use the provider's contract as it is")]) from error
    return _parsed(wire)


def _parsed(value: Mapping[str, Any]) -> Demand:
    try:
        return Demand.model_validate(json.loads(json.dumps(value)))
    except (ValidationError, TypeError) as error:
        if not isinstance(error, ValidationError):
            raise Invalid([Problem("", "it has values that are not JSON")]) from error
        listed = error.errors()
        problems = [Problem(".".join(str(part) for part in each["loc"]), each["msg"]) for each in listed]
        raise Invalid(problems) from error
