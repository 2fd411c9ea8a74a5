"""A channel outside the API server that the cluster backs."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from etcd_ops.model.problems import Problem
from etcd_policies.contract import STATIC_PODS, Cluster
from etcd_policies.rule import ClusterRule, Stake

STATIC_POD, INSIDE = "static-pod", "kubernetes"


@ClusterRule.declare(
    requires="An etcd cluster that backs its own API server has its channel elsewhere.",
    severity=Severity.CRITICAL,
    stake=Stake.SERVICE,
    steps="Keep the channel in a bucket, `channel: {kind: s3}`, or in a namespace of another Kubernetes cluster.",
    platforms=(STATIC_PODS,),
)
def outside_channel(cluster: Cluster) -> Iterator[Problem]:
    """Members that have lost their quorum could not agree through an API server that needs that quorum.

    Agents that are static pods are those of such clusters. A namespace of another UID is not the agents' own; that it
    is another API server's as well, no rule can see.
    """
    channel = cluster.section.section("channel")
    if cluster.section.text("agentKind") != STATIC_POD or channel.text("kind") != INSIDE:
        return
    if channel.text("namespaceUid") == cluster.section.text("namespaceUid"):
        reason = "the channel is kept in the API server that the cluster backs"
        yield Problem(channel.at("namespaceUid"), reason, "use s3, or another Kubernetes cluster")
