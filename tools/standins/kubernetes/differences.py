"""What differs between the inputs of before and of now, and which of it an update cannot bring about."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from pulumi.runtime.proto import provider_pb2

from tools.standins.kubernetes.objects import group

Path: TypeAlias = tuple[str | int, ...]

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MISSING = object()

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

KINDS = provider_pb2.PropertyDiff
REPLACING = {KINDS.ADD: KINDS.ADD_REPLACE, KINDS.DELETE: KINDS.DELETE_REPLACE, KINDS.UPDATE: KINDS.UPDATE_REPLACE}


@dataclass(frozen=True)
class Difference:
    """What an update has to do."""

    changes: Mapping[Path, provider_pb2.PropertyDiff.Kind.ValueType]
    replacing: Collection[Path]
    delete_first: bool
    """Whether the new object would have the old one's name."""

    def response(self) -> provider_pb2.DiffResponse:
        """The same for the engine."""
        detailed = {
            written(path): provider_pb2.PropertyDiff(
                kind=REPLACING[kind] if path in self.replacing else kind, inputDiff=True
            )
            for path, kind in self.changes.items()
        }
        some = provider_pb2.DiffResponse.DIFF_SOME if detailed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=some,
            replaces=[written(path) for path in self.replacing],
            diffs=sorted({str(path[0]) for path in self.changes}),
            deleteBeforeReplace=self.delete_first,
            hasDetailedDiff=True,
            detailedDiff=detailed,
        )


def difference(before: Mapping[str, Any], after: Mapping[str, Any], mutable: Collection[str]) -> Difference:
    """The difference between two plain inputs of one resource.

    Args:
        before: the inputs of before.
        after: the inputs of now.
        mutable: those of the kinds ConfigMap and Secret whose data is updated in place.
    """
    changes = {path: kind for path, kind in _changes((), before, after) if not _same_group(path, before, after)}
    fixed = immutable(before, after, mutable)
    replacing = [path for path in changes if any(path[: len(other)] == other for other in fixed)]
    same = not any(path[:2] in (NAME, NAMESPACE) for path in changes)
    return Difference(changes, replacing, delete_first=bool(replacing) and same)


def immutable(before: Mapping[str, Any], after: Mapping[str, Any], mutable: Collection[str]) -> tuple[Path, ...]:
    """The fields of an object that no update changes."""
    kind = str(after.get("kind"))
    always = (("apiVersion",), ("kind",), NAME, NAMESPACE)
    its_own = IMMUTABLE.get((group(str(after.get("apiVersion"))), kind), ())
    if before.get("immutable") is True:
        return (*always, *its_own, *DATA.get(kind, ()), ("immutable",))
    return (*always, *its_own, *(DATA.get(kind, ()) if kind not in mutable else ()))


def written(path: Path) -> str:
    """A path as the engine writes it, such as `spec.ports[0].name` or `metadata.labels["a/b"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif PLAIN.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text


def _same_group(path: Path, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a change is only of the version in which one and the same kind is written."""
    versions = [str(inputs.get("apiVersion") or "") for inputs in (before, after)]
    return path == ("apiVersion",) and group(versions[0]) == group(versions[1])


def _changes(
    path: Path, before: object, after: object
) -> Iterator[tuple[Path, provider_pb2.PropertyDiff.Kind.ValueType]]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            yield from _changes((*path, name), before.get(name, MISSING), after.get(name, MISSING))
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            pair = (each[index] if index < len(each) else MISSING for each in (before, after))
            yield from _changes((*path, index), *pair)
    else:
        kind = KINDS.ADD if before is MISSING else KINDS.DELETE if after is MISSING else KINDS.UPDATE
        yield path, kind
