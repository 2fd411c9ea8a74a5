"""Networks that are let in by name."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from pulumi_policy import Severity
from pydantic import Field

from etcd_ops.model.problems import Problem
from etcd_policies.contract import EC2, Cluster, Entry, Unreadable, each
from etcd_policies.parameters import Parameters
from etcd_policies.rule import ClusterRule, Stake

LISTS = ("clients", "metricsClients")


class Networks(Parameters):
    """How large a network of clients may be."""

    widest_ipv4: int = Field(default=8, ge=1, le=32, description="shortest IPv4 prefix that is no open door")
    widest_ipv6: int = Field(default=32, ge=1, le=128, description="shortest IPv6 prefix that is no open door")


@ClusterRule.declare(
    requires="No port of an etcd cluster on AWS is open to the whole internet.",
    severity=Severity.CRITICAL,
    stake=Stake.DATA,
    steps="Name in `clients` and `metricsClients` security groups, or the networks that clients are in.",
    platforms=(EC2,),
)
def named_networks(cluster: Cluster, given: Networks) -> Iterator[Problem]:
    """Whoever reaches a port can exhaust the member behind it, or try a certificate that was stolen.

    Two halves of the internet are all of it, so that very large networks count as well.
    """

    def judge(entry: Entry) -> Iterator[Problem]:
        try:
            network = ipaddress.ip_network(entry.text, strict=False)
        except ValueError as error:
            raise Unreadable(entry.path, "is not a network") from error
        if network.prefixlen < (given.widest_ipv4 if network.version == 4 else given.widest_ipv6):
            yield Problem(entry.path, "so large a network is everybody", "name the networks that clients are in")

    yield from each(LISTS, lambda name: each(cluster.section.section(name).entries("cidrs"), judge))
