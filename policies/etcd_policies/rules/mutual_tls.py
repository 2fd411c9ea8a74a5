"""Mutual TLS on every listener."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import PolicyComplianceFramework, Severity

from etcd_ops.model.problems import Problem
from etcd_ops.model.urls import Url
from etcd_policies.contract import Cluster, Member, Unreadable, each
from etcd_policies.rule import ClusterRule, Stake

LISTENERS = {"peer": "peerUrl", "client": "clientUrl", "metrics": "metricsUrl"}
"""By trust: the URL of a member that it guards."""


@ClusterRule.declare(
    requires="Peers, clients and readers of metrics of an etcd cluster all show a certificate.",
    severity=Severity.CRITICAL,
    stake=Stake.DATA,
    steps="Declare mutual TLS for peers, clients and metrics, use https URLs, and leave the health URL on loopback.",
    framework=PolicyComplianceFramework(
        name="CIS Kubernetes Benchmark", version="1.10", reference="2.1, 2.2, 2.4, 2.5", specification="etcd"
    ),
)
def mutual_tls(cluster: Cluster) -> Iterator[Problem]:
    """Who reaches a listener without TLS reads and deletes everything.

    A peer listener lets anybody join. Metrics tell the names of what is stored. Only etcd's health listener is
    plain, and is reached from its own machine alone.
    """
    declared = cluster.section.section("mutualTls")
    for trust in LISTENERS:
        if not declared.flag(trust):
            yield Problem(declared.at(trust), "there is no mutual TLS", "declare it true")
    yield from each(cluster.members, _plain)


def _plain(member: Member) -> Iterator[Problem]:
    for name in LISTENERS.values():
        if _url(member, name).scheme != "https":
            yield Problem(member.at(name), "is not secured", "use an https URL")
    health = _url(member, "healthUrl")
    if health.address is None or not health.address.is_loopback:
        reason = "others than its own machine reach etcd's plain listener"
        yield Problem(member.at("healthUrl"), reason, "use a loopback address")


def _url(member: Member, name: str) -> Url:
    try:
        return Url.parse(member.section.text(name))
    except ValueError as error:
        raise Unreadable(member.at(name), "is not scheme://host:port") from error
