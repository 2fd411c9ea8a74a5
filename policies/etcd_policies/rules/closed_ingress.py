"""Ports that not everybody reaches."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from pulumi_policy import Severity
from pydantic import Field

from etcd_ops.model.problems import Problem
from etcd_policies.aws.benchmark import benchmark
from etcd_policies.aws.fleet import Fleet
from etcd_policies.aws.kinds import INGRESS_RULE, SECURITY_GROUP_RULE, SECURITY_GROUPS
from etcd_policies.aws.properties import Properties, Unclear
from etcd_policies.aws.resource import Resource
from etcd_policies.fleet_rule import FleetRule, each_resource
from etcd_policies.parameters import Parameters
from etcd_policies.rule import Finding, Stake

_LISTS = ("cidrBlocks", "ipv6CidrBlocks")
_SINGLE = ("cidrIpv4", "cidrIpv6")


class Widest(Parameters):
    """How large a network may be let in."""

    widest_ipv4: int = Field(default=8, ge=1, le=32, description="shortest IPv4 prefix that is no open door")
    widest_ipv6: int = Field(default=32, ge=1, le=128, description="shortest IPv6 prefix that is no open door")

    def open(self, network: str, path: str) -> bool:
        """Whether a network is larger than any that one has on purpose."""
        try:
            parsed = ipaddress.ip_network(network, strict=False)
        except ValueError as error:
            raise Unclear(path, "is not a network") from error
        return parsed.prefixlen < (self.widest_ipv4 if parsed.version == 4 else self.widest_ipv6)


@FleetRule.declare(
    requires="No security group of an etcd cluster on AWS lets the whole internet in.",
    severity=Severity.CRITICAL,
    stake=Stake.DATA,
    steps="Let in the security groups of clients, or the networks that they are in.",
    framework=benchmark("5.2, 5.3"),
    kinds=(*SECURITY_GROUPS, INGRESS_RULE, SECURITY_GROUP_RULE),
)
def closed_ingress(fleet: Fleet, given: Widest) -> Iterator[Finding]:
    """Whoever reaches a port can exhaust the member behind it, or try a certificate that was stolen.

    Two halves of the internet are all of it, so that very large networks count as well. Rules are judged inside their
    group and as resources of their own.
    """

    def judge(resource: Resource) -> Iterator[Problem]:
        properties = resource.properties
        if resource.kind in SECURITY_GROUPS:
            for inline in properties.sections("ingress"):
                yield from _listed(inline, given)
        elif resource.kind == SECURITY_GROUP_RULE:
            if properties.text("type") != "egress":
                yield from _listed(properties, given)
        else:
            named = [key for key in _SINGLE if properties.text(key)]
            yield from _open({properties.at(key): properties.text(key) for key in named}, given)

    yield from each_resource(fleet.of(*SECURITY_GROUPS, INGRESS_RULE, SECURITY_GROUP_RULE), judge)


def _listed(rule: Properties, given: Widest) -> Iterator[Problem]:
    for key in _LISTS:
        yield from _open({f"{rule.at(key)}[{index}]": each for index, each in enumerate(rule.texts(key))}, given)


def _open(networks: dict[str, str], given: Widest) -> Iterator[Problem]:
    for path, network in networks.items():
        if given.open(network, path):
            yield Problem(path, "so large a network is everybody", "name the networks of clients, or their groups")
