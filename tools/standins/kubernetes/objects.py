"""Which object a resource stands for, and how it is named."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tools.standins.values import Properties, is_unknown, whole_numbers

ANNOTATION = "pulumi.com/"
"""Begins the annotations that tell the provider what to do."""


@dataclass(frozen=True)
class Resource:
    """A kind as the API server serves it."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool


@dataclass(frozen=True)
class Ref:
    """One object."""

    resource: Resource
    namespace: str
    """Empty for kinds without."""
    name: str

    @property
    def id(self) -> str:
        """Of the resource, as the engine keeps it."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    @property
    def path(self) -> str:
        """Of the object in the API."""
        inside = f"/namespaces/{self.namespace}" if self.namespace else ""
        return f"{root(self.resource.api_version)}{inside}/{self.resource.plural}/{self.name}"

    def __str__(self) -> str:
        return f"{self.resource.kind} {self.id}"


def root(api_version: str) -> str:
    """The path in the API below which the kinds of a version are."""
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def group(api_version: str) -> str:
    """The group of an API version; empty for the core."""
    return api_version.rpartition("/")[0]


def kind_of_urn(urn: str) -> tuple[str, str]:
    """The API version and kind of a resource's type, such as `kubernetes:apps/v1:StatefulSet`."""
    _, version, kind = _type(urn)
    return version.removeprefix("core/"), kind


def is_object(urn: str) -> bool:
    """Whether a resource's type stands for one object, not for a patch, a list, a chart or a file."""
    _, version, kind = _type(urn)
    foreign = version.startswith(("helm.sh/", "yaml", "kustomize"))
    return not foreign and not kind.endswith(("Patch", "List"))


def _type(urn: str) -> list[str]:
    """Package, module and name of a resource's own type, which its parents' types precede."""
    return urn.split("::")[2].rpartition("$")[2].split(":")


def annotation(manifest: Mapping[str, Any], name: str) -> str:
    """The value of an annotation of Pulumi's; empty if there is none, or it is not known yet."""
    found = _members(_members(manifest.get("metadata")).get("annotations")).get(f"{ANNOTATION}{name}")
    return "" if found is None or is_unknown(found) else str(found)


def _members(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def skips_await(manifest: Mapping[str, Any]) -> bool:
    """Whether nobody waits for the object."""
    return annotation(manifest, "skipAwait") == "true"


def manifest(inputs: Properties) -> Properties:
    """What is sent to the API server for plain inputs."""
    sent: Properties = whole_numbers(inputs)
    return {name: value for name, value in sent.items() if not name.startswith("__")}


def field_manager(urn: str, inputs: Properties, outputs: Properties) -> str:
    """The name under which the object's fields are owned: kept for the resource's life, whatever its URN becomes."""
    digest = hashlib.sha256(urn.encode()).hexdigest()[:8]
    return annotation(inputs, "patchFieldManager") or outputs.get("__fieldManager") or f"pulumi-kubernetes-{digest}"
