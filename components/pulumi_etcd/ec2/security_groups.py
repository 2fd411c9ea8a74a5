"""Who may reach whom: a security group for every role, and a rule for every way. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etcd_ops.model.topology import CLIENT_PORT, METRICS_PORT, PEER_PORT
from pulumi_etcd.ec2.naming import Ec2Names
from pulumi_etcd.ec2.network import Made, Network
from pulumi_etcd.ec2.planned import Planned, Ref
from pulumi_etcd.trusts import Wire

HTTPS = 443
_TOKENS = {
    "ingress": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "egress": "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
}


@dataclass(frozen=True, slots=True)
class Others:
    """Whom a group lets in, or reaches."""

    groups: Sequence[Any] = ()
    """IDs of security groups."""
    cidrs: Sequence[str] = ()

    @classmethod
    def declared(cls, wire: Wire) -> Others:
        """From the argument."""
        return cls(wire.get("securityGroups", ()), wire.get("cidrs", ()))

    def sources(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each as a rule names it, with what tells it from the others."""
        for number, group in enumerate(self.groups, 1):
            yield f"group-{number}", {"referencedSecurityGroupId": group}
        for cidr in self.cidrs:
            yield cidr, {"cidrIpv6" if ":" in cidr else "cidrIpv4": cidr}


@dataclass(frozen=True, slots=True)
class Traffic:
    """Who has to do with the members."""

    clients: Others
    metrics_clients: Others
    origin: Others
    origin_ports: Sequence[int]
    """Of members that somebody else runs."""
    load_balancer: bool


def members_group(names: Ec2Names) -> str:
    """Name of the resource of the members' group."""
    return f"{names.cluster}-members-group"


def load_balancer_group(names: Ec2Names) -> str:
    """Name of the resource of the load balancer's group."""
    return f"{names.cluster}-load-balancer-group"


def plan(names: Ec2Names, network: Network, traffic: Traffic) -> list[Planned]:
    """Every group and rule.

    Args:
        names: the cluster's.
        network: where they are.
        traffic: who has to do with the members.
    """
    groups = [_group(names, members_group(names), "members", network)]
    rules = [*_among_members(names), *_from_others(names, traffic), *_to_aws(names, network)]
    if traffic.load_balancer:
        groups.append(_group(names, load_balancer_group(names), "load-balancer", network))
        rules += _of_load_balancer(names, traffic.clients)
    if isinstance(network, Made):
        groups.append(_group(names, network.endpoints_group, "endpoints", network))
        source = {"referencedSecurityGroupId": Ref(members_group(names))}
        rules.append(_rule(names, "ingress", network.endpoints_group, "members", HTTPS, source))
    return [*groups, *rules]


def _among_members(names: Ec2Names) -> Iterator[Planned]:
    own = members_group(names)
    for what, port in (("peers", PEER_PORT), ("members", CLIENT_PORT)):
        for direction in ("ingress", "egress"):
            yield _rule(names, direction, own, what, port, {"referencedSecurityGroupId": Ref(own)})


def _from_others(names: Ec2Names, traffic: Traffic) -> Iterator[Planned]:
    own = members_group(names)
    ways = (("client", CLIENT_PORT, traffic.clients), ("metrics", METRICS_PORT, traffic.metrics_clients))
    for what, port, others in ways:
        for name, source in others.sources():
            yield _rule(names, "ingress", own, f"{what}-{name}", port, source)
    for name, source in traffic.origin.sources():
        yield _rule(names, "ingress", own, f"origin-{name}", PEER_PORT, source)
        for port in traffic.origin_ports:
            yield _rule(names, "egress", own, f"origin-{name}-{port}", port, source)


def _to_aws(names: Ec2Names, network: Network) -> Iterator[Planned]:
    """The services of AWS: by the endpoints of an own VPC, else wherever a given VPC leads."""
    own = members_group(names)
    if isinstance(network, Made):
        reached: Mapping[str, dict[str, Any]] = {
            "endpoints": {"referencedSecurityGroupId": Ref(network.endpoints_group)},
            "s3": {"prefixListId": Ref(network.gateway_name, "prefixListId")},
        }
    else:
        reached = {"aws": {"cidrIpv4": "0.0.0.0/0"}}
    for what, target in reached.items():
        yield _rule(names, "egress", own, what, HTTPS, target)


def _of_load_balancer(names: Ec2Names, clients: Others) -> Iterator[Planned]:
    own, members = load_balancer_group(names), members_group(names)
    for name, source in clients.sources():
        yield _rule(names, "ingress", own, f"client-{name}", CLIENT_PORT, source)
    for what, port in (("clients", CLIENT_PORT), ("ready", METRICS_PORT)):
        yield _rule(names, "egress", own, what, port, {"referencedSecurityGroupId": Ref(members)})
        yield _rule(names, "ingress", members, f"balanced-{what}", port, {"referencedSecurityGroupId": Ref(own)})


def _group(names: Ec2Names, name: str, role: str, network: Network) -> Planned:
    called = f"{names.shared}-{role}"
    properties = {
        "name": called,
        "description": f"etcd cluster {names.cluster}: {role.replace('-', ' ')}",
        "vpcId": network.vpc,
        "tags": names.tags(called),
    }
    return Planned(name=name, kind="aws:ec2/securityGroup:SecurityGroup", properties=properties)


def _rule(names: Ec2Names, direction: str, group: str, what: str, port: int, other: Mapping[str, Any]) -> Planned:
    """One way: from or to others, by one port."""
    role = group.removeprefix(f"{names.cluster}-").removesuffix("-group")
    properties = {
        "securityGroupId": Ref(group),
        "ipProtocol": "tcp",
        "fromPort": port,
        "toPort": port,
        "description": what,
        "tags": names.tags(f"{names.shared}-{role}-{direction}-{what}"),
        **other,
    }
    plain = what.replace("/", "_").replace(":", ".")  # two colons would end a URN's part
    return Planned(name=f"{names.cluster}-{role}-{direction}-{plain}", kind=_TOKENS[direction], properties=properties)
