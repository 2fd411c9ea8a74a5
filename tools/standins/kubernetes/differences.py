"""What differs between the inputs of before and of now, and which of it an update cannot bring about."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from tools.standins.differences import Difference, Path, changes
from tools.standins.kubernetes.objects import group

NAME, NAMESPACE = ("metadata", "name"), ("metadata", "namespace")

CLAIM = ("accessModes", "selector", "storageClassName", "volumeName")
STATEFUL_SET = ("podManagementPolicy", "revisionHistoryLimit", "selector", "serviceName", "volumeClaimTemplates")

IMMUTABLE: Mapping[tuple[str, str], tuple[Path, ...]] = {
    ("", "PersistentVolumeClaim"): tuple(("spec", name) for name in CLAIM),
    ("", "Pod"): (("spec",),),
    ("", "Secret"): (("type",),),
    ("", "Service"): (("spec", "clusterIP"),),
    ("apps", "StatefulSet"): tuple(("spec", name) for name in STATEFUL_SET),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): (("roleRef",),),
    ("rbac.authorization.k8s.io", "RoleBinding"): (("roleRef",),),
    ("storage.k8s.io", "StorageClass"): (("parameters",), ("provisioner",)),
}
"""The fields whose change replaces the object, as the official provider lists them, by group and kind."""

DATA: Mapping[str, tuple[Path, ...]] = {
    "ConfigMap": (("binaryData",), ("data",)),
    "Secret": (("data",), ("stringData",)),
}
"""Replace, too, unless the provider is told that these kinds are mutable, and where the object says `immutable`."""


def difference(before: Mapping[str, Any], after: Mapping[str, Any], mutable: Collection[str]) -> Difference:
    """The difference between two plain inputs of one resource.

    Args:
        before: the inputs of before.
        after: the inputs of now.
        mutable: those of the kinds ConfigMap and Secret whose data is updated in place.
    """
    found = {path: kind for path, kind in changes(before, after) if not _same_group(path, before, after)}
    fixed = immutable(before, after, mutable)
    replacing = [path for path in found if any(path[: len(other)] == other for other in fixed)]
    same = not any(path[:2] in (NAME, NAMESPACE) for path in found)
    return Difference(found, replacing, delete_first=bool(replacing) and same)


def immutable(before: Mapping[str, Any], after: Mapping[str, Any], mutable: Collection[str]) -> tuple[Path, ...]:
    """The fields of an object that no update changes."""
    kind = str(after.get("kind"))
    always = (("apiVersion",), ("kind",), NAME, NAMESPACE)
    its_own = IMMUTABLE.get((group(str(after.get("apiVersion"))), kind), ())
    if before.get("immutable") is True:
        return (*always, *its_own, *DATA.get(kind, ()), ("immutable",))
    return (*always, *its_own, *(DATA.get(kind, ()) if kind not in mutable else ()))


def _same_group(path: Path, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a change is only of the version in which one and the same kind is written."""
    versions = [str(inputs.get("apiVersion") or "") for inputs in (before, after)]
    return path == ("apiVersion",) and group(versions[0]) == group(versions[1])
