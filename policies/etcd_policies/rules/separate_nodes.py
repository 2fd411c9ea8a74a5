"""Members on nodes of their own."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from etcd_ops.model.problems import Problem
from etcd_policies.contract import STATIC_PODS, Cluster, Member, each
from etcd_policies.rule import ClusterRule, Stake


@ClusterRule.declare(
    requires="No two members of an etcd cluster of static pods stand on one node.",
    severity=Severity.CRITICAL,
    stake=Stake.DATA,
    steps="Name a node of its own for every slot; move slots to other nodes one by one.",
    platforms=(STATIC_PODS,),
)
def separate_nodes(cluster: Cluster) -> Iterator[Problem]:
    """A node that is lost takes all of its members, and their disks, at once.

    `zone-spread` judges the zones that the nodes stand in.
    """
    nodes = cluster.section.section("nodes")
    first: dict[str, str] = {}

    def judge(member: Member) -> Iterator[Problem]:
        place = nodes.section(member.slot)
        other = first.setdefault(place.text("node"), member.slot)
        if other != member.slot:
            yield Problem(place.at("node"), f"is the node of {other} already", "give every member a node of its own")

    yield from each(cluster.members, judge)
