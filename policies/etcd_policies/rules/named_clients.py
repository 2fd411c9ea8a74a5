"""Ports that only named clients reach."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from etcd_ops.model.problems import Problem
from etcd_policies.contract import STATEFUL_SETS, Cluster, Entry, Section, each
from etcd_policies.hardening_guide import hardening_guide
from etcd_policies.rule import ClusterRule, Stake

LISTS = ("clients", "metricsClients")


@ClusterRule.declare(
    requires="No port of an etcd cluster on Kubernetes is open to every pod of every namespace.",
    severity=Severity.HIGH,
    stake=Stake.SERVICE,
    steps="Name in `clients` and `metricsClients` the labels of namespaces or pods, or leave `namespaceLabels` out.",
    framework=hardening_guide("Network separation and hardening"),
    platforms=(STATEFUL_SETS,),
)
def named_clients(cluster: Cluster) -> Iterator[Problem]:
    """Whatever runs in the Kubernetes cluster could exhaust the members' connections, or try a stolen certificate.

    Labels of namespaces that are empty are those of every namespace; where they are absent, only pods of the cluster's
    own namespace are meant.
    """
    yield from each(LISTS, lambda name: each(cluster.section.entries(name), _open))


def _open(entry: Entry) -> Iterator[Problem]:
    client = entry.section
    if _empty(client, "namespaceLabels") and (not client.has("podLabels") or _empty(client, "podLabels")):
        reason = "every pod of every namespace is let in"
        yield Problem(
            client.at("namespaceLabels"), reason, "name labels, or leave it out for the cluster's own namespace"
        )


def _empty(client: Section, labels: str) -> bool:
    return client.has(labels) and not client.section(labels).values
