"""What every planned object has: pure. Manifests are Kubernetes' own, in camelCase."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi_etcd.kubernetes.naming import Names

Manifest = dict[str, Any]
"""One Kubernetes object."""
SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}
"""Annotation: members are ready once the rollout has told them what to be, and the rollout comes after them."""


def manifest(
    api_version: str,
    kind: str,
    names: Names,
    name: str,
    *,
    slot: str = "",
    annotations: Mapping[str, str] | None = None,
) -> Manifest:
    """An object that says nothing yet.

    Args:
        api_version: its group and version.
        kind: its kind.
        names: of its cluster.
        name: its own.
        slot: the slot that it belongs to, if it belongs to one.
        annotations: its annotations.
    """
    metadata: dict[str, Any] = {"name": name, "namespace": names.namespace, "labels": names.labels(slot)}
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}
