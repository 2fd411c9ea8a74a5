"""The DaemonSet of one member's agent: pure.

One per member, for its one node: so every agent has an account, a configuration and credentials of its own.
"""

from __future__ import annotations

from etcd_ops.model.topology import Slot
from pulumi_etcd.kubernetes.manifests import SKIP_AWAIT, Manifest, manifest
from pulumi_etcd.static_pods.agent_pods import agent_template
from pulumi_etcd.static_pods.naming import AGENT, labels
from pulumi_etcd.static_pods.pods import Node, Pods


def daemon_set(pods: Pods, slot: Slot, node: Node) -> Manifest:
    """One member's DaemonSet.

    Its pod is made anew only when the pod is deleted, which the agent does under the lock.

    Args:
        pods: what the cluster's pods have in common.
        slot: the member.
        node: its node.
    """
    names = pods.names
    template = agent_template(pods, slot, node)
    annotations = SKIP_AWAIT | template["metadata"]["annotations"]
    found = manifest("apps/v1", "DaemonSet", names, names.member(slot.name), slot=slot.name, annotations=annotations)
    found["spec"] = {
        "updateStrategy": {"type": "OnDelete"},
        "revisionHistoryLimit": 3,
        "selector": {"matchLabels": labels(names, slot.name, AGENT)},
        "template": template,
    }
    return found
