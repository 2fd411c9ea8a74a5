"""How many members drains of nodes leave in place: pure."""

from __future__ import annotations

from pulumi_etcd.kubernetes.manifests import Manifest, manifest
from pulumi_etcd.kubernetes.naming import Names


def minimum(voters: int) -> int:
    """Members that stay: one at a time may be taken."""
    return voters - 1


def budget(names: Names, voters: int) -> Manifest:
    """The cluster's budget. It counts declared members, so that one without a pod is one that is down."""
    found = manifest("policy/v1", "PodDisruptionBudget", names, names.cluster)
    found["spec"] = {"minAvailable": minimum(voters), "selector": {"matchLabels": names.selector}}
    return found
