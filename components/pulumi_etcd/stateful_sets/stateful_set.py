"""The StatefulSet of one member: pure."""

from __future__ import annotations

from etcd_ops.model.topology import Slot
from pulumi_etcd.kubernetes.manifests import SKIP_AWAIT, Manifest, manifest
from pulumi_etcd.kubernetes.naming import INSTANCE_LABEL, NAME_LABEL, SLOT_LABEL, Names
from pulumi_etcd.stateful_sets.naming import VOLUME
from pulumi_etcd.stateful_sets.pods import Pods, template

KEPT = tuple(
    f"spec.{field}"
    for field in ("podManagementPolicy", "revisionHistoryLimit", "selector", "serviceName", "volumeClaimTemplates")
)
"""Fields that stay as they were made. Kubernetes changes none of them in place: the provider would delete the
StatefulSet, and the member's volume with it, to make another."""


def stateful_set(pods: Pods, slot: Slot, volume_bytes: int, storage_class: str) -> Manifest:
    """One member's StatefulSet.

    Its pod is made anew only when the pod is deleted, which the agent does under the lock and through the gate.

    Args:
        pods: what the cluster's pods have in common.
        slot: the member.
        volume_bytes: size of its volume.
        storage_class: of its volume; empty for the Kubernetes cluster's default.
    """
    names = pods.names
    pod = template(pods, slot)
    annotations = SKIP_AWAIT | pod["metadata"]["annotations"]
    found = manifest("apps/v1", "StatefulSet", names, names.member(slot.name), slot=slot.name, annotations=annotations)
    found["spec"] = {
        "replicas": 1,
        "serviceName": names.peers,
        "podManagementPolicy": "Parallel",
        "updateStrategy": {"type": "OnDelete"},
        "revisionHistoryLimit": 3,
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Retain"},
        "selector": {"matchLabels": {**names.selector, SLOT_LABEL: slot.name}},
        "template": pod,
        "volumeClaimTemplates": [_claim(names, slot, volume_bytes, storage_class)],
    }
    return found


def _claim(names: Names, slot: Slot, volume_bytes: int, storage_class: str) -> Manifest:
    labels = {key: value for key, value in names.labels(slot.name).items() if key in _IDENTIFYING}
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": str(volume_bytes)}},
        **({"storageClassName": storage_class} if storage_class else {}),
    }
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": VOLUME, "labels": labels},
        "spec": spec,
    }


_IDENTIFYING = (NAME_LABEL, INSTANCE_LABEL, SLOT_LABEL)
