"""Where a cluster's members are: a VPC that is there, or one of their own without a way to the internet. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etcd_ops.ec2.calls import CALLS
from etcd_ops.model.problems import Problem
from pulumi_etcd.ec2.documents import Grant, document, statement
from pulumi_etcd.ec2.iam import EVERYTHING, GRANTS, SESSIONS
from pulumi_etcd.ec2.naming import Ec2Names
from pulumi_etcd.ec2.planned import Json, Planned, Ref
from pulumi_etcd.trusts import Wire

WIDEST, NARROWEST = 16, 24
"""Prefix lengths of the network of a VPC: AWS's widest, and the narrowest whose subnets hold members and endpoints."""
MOST_ZONES, _ZONE_BITS = 8, 3
GATEWAYS = frozenset({"s3"})
"""Services with an endpoint in the route table, which costs nothing."""
GLOBAL: Mapping[str, str] = {"route53": "us-east-1"}
"""Services without an endpoint in every region, and the region of theirs."""


@dataclass(frozen=True, slots=True)
class Given:
    """A VPC that is there."""

    vpc: Any
    subnets: Mapping[str, Any]
    """By zone."""


@dataclass(frozen=True, slots=True)
class Made:
    """A VPC of the cluster's own."""

    names: Ec2Names
    cidr: str
    numbers: Mapping[str, int]
    """Number of every zone."""

    @property
    def vpc(self) -> Ref:
        """Its ID."""
        return Ref(f"{self.names.cluster}-vpc")

    @property
    def subnets(self) -> Mapping[str, Ref]:
        """IDs of its subnets, by zone."""
        return {zone: Ref(self.subnet_name(zone)) for zone in self.numbers}

    def subnet_name(self, zone: str) -> str:
        """Name of a subnet's resource."""
        return f"{self.names.cluster}-subnet-{zone}"

    def subnet_cidr(self, zone: str) -> str:
        """A zone's part of the network: it follows from the zone's number alone."""
        parts = list(ipaddress.IPv4Network(self.cidr).subnets(prefixlen_diff=_ZONE_BITS))
        return str(parts[self.numbers[zone]])

    @property
    def endpoints_group(self) -> str:
        """Name of the security group of the endpoints."""
        return f"{self.names.cluster}-endpoints-group"

    @property
    def gateway_name(self) -> str:
        """Name of the endpoint of S3."""
        return f"{self.names.cluster}-endpoint-s3"


Network = Given | Made


def network(names: Ec2Names, wire: Wire, numbers: Mapping[str, int]) -> Network:
    """The network that the arguments name; one that `network_problems` has problems with must not be used.

    Args:
        names: the cluster's.
        wire: the arguments.
        numbers: number of every zone.
    """
    declared = wire["network"]
    if "cidr" in declared:
        return Made(names, declared["cidr"], numbers)
    return Given(declared.get("vpcId", ""), declared.get("subnets", {}))


def network_problems(wire: Wire, numbers: Mapping[str, int], used: Sequence[str]) -> Iterator[Problem]:
    """Problems with the network.

    Args:
        wire: the arguments.
        numbers: number of every zone.
        used: zones that have members.
    """
    declared = wire["network"]
    if "cidr" in declared:
        yield from (
            Problem(f"network.{each}", "cannot be given beside cidr", "give a VPC that is there, or a network for one")
            for each in ("vpcId", "subnets")
            if each in declared
        )
        yield from _cidr_problems(declared["cidr"], numbers)
        return
    if "vpcId" not in declared:
        yield Problem("network.vpcId", "must be given where no cidr is")
    for zone in used:
        if zone not in declared.get("subnets", {}):
            yield Problem(f"network.subnets.{zone}", "must be given: the zone has members", "name a private subnet")
    for zone in declared.get("subnets", {}):
        if numbers and zone not in numbers:
            yield Problem(f"network.subnets.{zone}", "is of no declared zone", "remove it, or name the zone")


def _cidr_problems(cidr: str, numbers: Mapping[str, int]) -> Iterator[Problem]:
    try:
        found = ipaddress.IPv4Network(cidr)
    except ValueError:
        yield Problem("network.cidr", f"{cidr!r} is not an IPv4 network", "write it like 10.20.0.0/22")
        return
    if not found.is_private:
        yield Problem("network.cidr", f"{cidr} is not private", "use one of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16")
    if not WIDEST <= found.prefixlen <= NARROWEST:
        yield Problem("network.cidr", f"{cidr} is not between /{WIDEST} and /{NARROWEST}", "use a /22")
    if max(numbers.values(), default=0) >= MOST_ZONES:
        yield Problem("network.cidr", f"is divided among {MOST_ZONES} zones", "number zones from 0 to 7")


def plan(made: Made, *, sessions: bool) -> list[Planned]:
    """The VPC, its subnets, and the endpoints of the services that members use.

    Args:
        made: the network.
        sessions: whether operators may open sessions through Systems Manager.
    """
    names = made.names
    return [
        Planned(
            name=made.vpc.of,
            kind="aws:ec2/vpc:Vpc",
            properties={
                "cidrBlock": made.cidr,
                "enableDnsSupport": True,
                "enableDnsHostnames": True,
                "tags": names.tags(names.shared),
            },
        ),
        Planned(
            name=f"{names.cluster}-default-group",
            kind="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
            properties={"vpcId": made.vpc, "tags": names.tags(f"{names.shared}-unused")},
        ),
        _route_table(made),
        *(each for zone in made.numbers for each in _subnet(made, zone)),
        *_endpoints(made, sessions=sessions),
    ]


def _route_table(made: Made) -> Planned:
    """No route leads out of the VPC."""
    names = made.names
    kind = "aws:ec2/routeTable:RouteTable"
    properties = {"vpcId": made.vpc, "tags": names.tags(names.shared)}
    return Planned(name=f"{names.cluster}-routes", kind=kind, properties=properties)


def _subnet(made: Made, zone: str) -> list[Planned]:
    name = made.subnet_name(zone)
    properties = {
        "vpcId": made.vpc,
        "availabilityZone": zone,
        "cidrBlock": made.subnet_cidr(zone),
        "mapPublicIpOnLaunch": False,
        "tags": made.names.tags(f"{made.names.shared}-{zone}"),
    }
    routed = {"subnetId": Ref(name), "routeTableId": Ref(f"{made.names.cluster}-routes")}
    association = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    return [
        Planned(name=name, kind="aws:ec2/subnet:Subnet", properties=properties),
        Planned(name=f"{name}-routes", kind=association, properties=routed),
    ]


def services(*, sessions: bool) -> list[str]:
    """Services that members call, or that are called for them."""
    actions = [*(call.action for call in CALLS), *(SESSIONS if sessions else ())]
    return list(dict.fromkeys(action.split(":")[0] for action in actions))


def interface_services(*, sessions: bool) -> list[str]:
    """Those of them whose endpoints have an interface in every subnet."""
    return [each for each in services(sessions=sessions) if each not in GATEWAYS]


def _endpoints(made: Made, *, sessions: bool) -> list[Planned]:
    return [_endpoint(made, service) for service in services(sessions=sessions)]


def _endpoint(made: Made, service: str) -> Planned:
    names = made.names
    scope = "" if service in GLOBAL else f".{names.region}"
    common = {
        "vpcId": made.vpc,
        "serviceName": f"com.amazonaws{scope}.{service}",
        "policy": _only_called(names, service),
        "tags": names.tags(f"{names.shared}-{service}"),
    }
    if service in GATEWAYS:
        way: dict[str, Any] = {
            "vpcEndpointType": "Gateway", "routeTableIds": [Ref(f"{names.cluster}-routes")],
        }  # fmt: skip
    else:
        way = {
            "vpcEndpointType": "Interface",
            "privateDnsEnabled": True,
            "subnetIds": list(made.subnets.values()),
            "securityGroupIds": [Ref(made.endpoints_group)],
        }
    elsewhere = GLOBAL.get(service, names.region)
    remote = {"serviceRegion": elsewhere} if elsewhere != names.region else {}
    kind = "aws:ec2/vpcEndpoint:VpcEndpoint"
    return Planned(name=f"{names.cluster}-endpoint-{service}", kind=kind, properties={**common, **way, **remote})


def _only_called(names: Ec2Names, service: str) -> Json:
    """Through an endpoint, this account's principals make the calls of members to this account's resources."""
    own = {
        "StringEquals": {"aws:PrincipalAccount": names.account},
        # Calls that are about no resource name no account of one.
        "StringEqualsIfExists": {"aws:ResourceAccount": names.account},
    }
    actions = [action for action in (*GRANTS, *SESSIONS) if action.startswith(f"{service}:")]
    return document([statement("Members", actions, Grant(EVERYTHING, own), principal="*")])
