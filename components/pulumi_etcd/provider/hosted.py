"""The components and the schema of everything that the provider serves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pulumi import ComponentResource, Inputs, ResourceOptions
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.provider import ConstructResult
from pulumi.provider.server import ComponentInitError

NAME = "etcd"
NAMESPACE = "etcd-ops"
"""Part of the names of generated SDKs: without one, Python's would be called `pulumi_etcd` like this package."""
UNRECORDED: Mapping[str, frozenset[str]] = {f"{NAME}:index:StaticPodInstallation": frozenset({"files"})}
"""Inputs of custom resources that their state does not have, by type token."""


class Hosted(ComponentProvider):
    """Components, with a schema that also describes custom resources.

    The SDK infers the schema of both from their classes, and takes all of them for components, whose inputs are no
    outputs. Those of custom resources are.
    """

    def __init__(self, components: Sequence[type[Any]], resources: Sequence[type[Any]], version: str) -> None:
        """Host `components`, and describe the custom `resources` too; `version` is the provider's."""
        super().__init__([*components, *resources], NAME, NAMESPACE, version)
        schema = json.loads(self.schema or "")
        for resource in resources:
            described = schema["resources"][token(resource)]
            schema["resources"][token(resource)] = _custom(described, UNRECORDED.get(token(resource), frozenset()))
        self.schema = json.dumps(schema)

    def construct(
        self, name: str, resource_type: str, inputs: Inputs, options: ResourceOptions | None = None
    ) -> ConstructResult:
        """Construct a component; what its constructor raises reaches the user as it is, without a traceback."""
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as problem:
            raise problem.inner from problem


def token(resource: type[ComponentResource] | type[Any]) -> str:
    """The type token of a resource class."""
    return f"{NAME}:index:{resource.__name__}"


def _custom(component: dict[str, Any], unrecorded: frozenset[str]) -> dict[str, Any]:
    """The schema of a custom resource, from that of a component with the same inputs and outputs."""
    inputs = {name: shape for name, shape in component["inputProperties"].items() if name not in unrecorded}
    required = {*component.get("required", ()), *component.get("requiredInputs", ())} - unrecorded
    return {
        **component,
        "isComponent": False,
        "properties": _flowing(inputs) | component.get("properties", {}),
        "required": sorted(required),
    }


def _flowing(shape: Any) -> Any:
    """The same without `plain`, which is said of inputs only."""
    if not isinstance(shape, Mapping):
        return shape
    return {key: _flowing(value) for key, value in shape.items() if key != "plain" or isinstance(value, Mapping)}
