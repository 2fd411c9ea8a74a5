"""How an object of a channel becomes one of Kubernetes, and back: pure."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from etcd_ops.channel.names import is_name
from etcd_ops.channel.port import LOCK

GROUP = "pulumi-etcd.dev"
CLUSTER_LABEL = f"{GROUP}/cluster"
NAME_ANNOTATION = f"{GROUP}/name"
BODY_ANNOTATION = f"{GROUP}/body"
BODY = "body"
"""Key of a ConfigMap's data."""

_PLAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?/)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.[a-z0-9]+")
"""Names that become names of Kubernetes by their slashes alone, and back."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of Kubernetes object that can hold a channel's."""

    api_version: str
    kind: str
    plural: str
    unconditional: bool
    """Whether the API server takes an update that names no version of the object."""

    def path(self, namespace: str) -> str:
        """Of the objects of this kind in a namespace."""
        root = "apis" if "/" in self.api_version else "api"
        return f"/{root}/{self.api_version}/namespaces/{namespace}/{self.plural}"


CONFIG_MAP = Kind("v1", "ConfigMap", "configmaps", unconditional=True)
LEASE = Kind("coordination.k8s.io/v1", "Lease", "leases", unconditional=False)


def kind_of(name: str) -> Kind:
    """The lock is a Lease, so that roles can tell who may hold it from who may write documents."""
    return LEASE if name == LOCK else CONFIG_MAP


def kinds_below(prefix: str) -> tuple[Kind, ...]:
    """The kinds that objects can be of whose names begin with `prefix`."""
    return (CONFIG_MAP, LEASE) if LOCK.startswith(prefix) else (CONFIG_MAP,)


def object_name(cluster: str, name: str) -> str:
    """The name of the Kubernetes object that holds a channel's object `name`, unique among those of `cluster`.

    What cannot be spelt there (RFC 1123: no underscore, no slash) is told apart by the beginning of its SHA-256.
    """
    if _PLAIN.fullmatch(name):
        return f"{cluster}.{name.replace('/', '.')}"
    spelt = re.sub(r"[^a-z0-9]+", "-", name).strip("-")[:_SPELT].rstrip("-") or "object"
    return f"{cluster}.{spelt}.h{hashlib.sha256(name.encode()).hexdigest()[:_HASH]}"


def manifest(cluster: str, name: str, body: bytes) -> dict[str, Any]:
    """The Kubernetes object."""
    kind = kind_of(name)
    annotations = {NAME_ANNOTATION: name}
    found: dict[str, Any] = {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {
            "name": object_name(cluster, name),
            "labels": {CLUSTER_LABEL: cluster},
            "annotations": annotations,
        },
    }
    if kind is LEASE:
        annotations[BODY_ANNOTATION] = body.decode()
    else:
        found |= _data(body)
    return found


def body(found: Mapping[str, Any]) -> bytes:
    """What a Kubernetes object holds; empty where somebody removed it."""
    if found.get("kind") == LEASE.kind:
        return str(found["metadata"].get("annotations", {}).get(BODY_ANNOTATION, "")).encode()
    binary = (found.get("binaryData") or {}).get(BODY)
    if binary is not None:
        return base64.b64decode(binary)
    return str((found.get("data") or {}).get(BODY, "")).encode()


def name_of(found: Mapping[str, Any]) -> str | None:
    """The channel's name of a Kubernetes object; None where it is not one of a channel's."""
    metadata = found["metadata"]
    name = str((metadata.get("annotations") or {}).get(NAME_ANNOTATION, ""))
    cluster = str((metadata.get("labels") or {}).get(CLUSTER_LABEL, ""))
    return name if is_name(name) and metadata["name"] == object_name(cluster, name) else None


def tag_of(found: Mapping[str, Any]) -> str:
    """Names a version of an object: another object of the same name has another UID."""
    metadata = found["metadata"]
    return f"{metadata['uid']}/{metadata['resourceVersion']}"


def conditions(tag: str) -> dict[str, str] | None:
    """What an update's metadata must say, so that it happens only to that version; None for what is no tag."""
    uid, slash, version = tag.partition("/")
    return {"uid": uid, "resourceVersion": version} if slash and _UID.fullmatch(uid) and version.isdigit() else None


def _data(content: bytes) -> dict[str, Any]:
    try:
        return {"data": {BODY: content.decode()}}
    except UnicodeDecodeError:
        return {"binaryData": {BODY: base64.b64encode(content).decode()}}


_UID = re.compile(r"[0-9a-f-]{36}")
_HASH = 16
_SPELT = 100
