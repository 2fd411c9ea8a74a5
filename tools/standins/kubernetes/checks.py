"""What is wrong with the inputs of an object, and what is filled in."""

from __future__ import annotations

from typing import Any

from tools.standins.kubernetes.api import Api, Refused, UnknownKind, Unreachable
from tools.standins.kubernetes.objects import is_object, kind_of_urn
from tools.standins.kubernetes.readiness import cannot_wait
from tools.standins.kubernetes.settings import Settings, Unusable
from tools.standins.values import Properties, is_secret, plain, secret


def problems(urn: str, inputs: Properties) -> list[str]:
    """What is certainly wrong with plain inputs."""
    if not is_object(urn):
        return ["resources of this type are not supported by this stand-in: declare the objects one by one"]
    metadata = inputs.get("metadata") or {}
    found = []
    if isinstance(metadata, dict) and not metadata.get("name"):
        found.append("metadata.name is missing: automatic naming is not supported by this stand-in")
    if isinstance(metadata, dict) and cannot_wait(inputs):
        kind = inputs.get("kind")
        found.append(f'this stand-in cannot wait for a {kind}: annotate it with `pulumi.com/skipAwait: "true"`')
    return found


def completed(urn: str, inputs: Properties, before: Properties, api: Api, settings: Settings) -> Properties:
    """The inputs, with their marks, in which the object's kind and namespace are given.

    Args:
        urn: of the resource.
        inputs: as the program gives them.
        before: the plain inputs of before; empty for a new resource.
        api: tells whether the kind has namespaces.
        settings: name the namespace of objects that name none.

    Raises:
        ValueError: the message says what is wrong.
    """
    version, kind = kind_of_urn(urn)
    full = {**inputs, "apiVersion": inputs.get("apiVersion") or version, "kind": inputs.get("kind") or kind}
    metadata = plain(full.get("metadata"))
    if not isinstance(metadata, dict):
        return full
    given, earlier = metadata.get("namespace"), (before.get("metadata") or {}).get("namespace")
    try:
        namespaced = api.resource(str(plain(full["apiVersion"])), str(plain(full["kind"]))).namespaced
        default = settings.default_namespace() if namespaced and not given else ""
    except UnknownKind:
        # Its definition may be made by the same update.
        return full
    except (Refused, Unreachable, Unusable) as error:
        if not given and not earlier:
            raise ValueError(f"whether the kind {kind} has namespaces cannot be told: {error}") from error
        namespaced, default = True, str(earlier or "")
    if given and not namespaced:
        raise ValueError(f"metadata.namespace: objects of the kind {kind} are in no namespace: leave it out")
    return {**full, "metadata": _within(full["metadata"], default)} if default else full


def _within(metadata: Any, namespace: str) -> Any:
    if is_secret(metadata):
        return secret(_within(metadata["value"], namespace))
    return {**metadata, "namespace": namespace}
