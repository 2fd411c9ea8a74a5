"""The components and the schema of everything that the provider serves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pulumi import ComponentResource, Inputs, ResourceOptions
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.provider import ConstructResult
from pulumi.provider.server import ComponentInitError

NAME = "etcd"
NAMESPACE = "etcd-ops"
"""Part of the names of generated SDKs: without one, Python's would be called `pulumi_etcd` like this package."""


class Hosted(ComponentProvider):
    """Components, with a schema that also describes custom resources.

    The SDK infers the schema of both from their classes, and takes all of them for components.
    """

    def __init__(self, components: Sequence[type[Any]], resources: Sequence[type[Any]], version: str) -> None:
        """Host `components`, and describe the custom `resources` too; `version` is the provider's."""
        super().__init__([*components, *resources], NAME, NAMESPACE, version)
        schema = json.loads(self.schema or "")
        for resource in resources:
            schema["resources"][token(resource)]["isComponent"] = False
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
