"""Calls of the stand-in of the plugin aws, as the engine makes them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, cast

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from tests.servers.aws import ACCOUNT, ENVIRONMENT
from tools.standins.aws.provider import AwsProvider
from tools.standins.values import Properties, dump, load

REGION = "eu-central-1"


class Refused(Exception):
    """A call ended with an error."""


class Context:
    """Of a call without a network."""

    def abort(self, code: grpc.StatusCode, details: str) -> None:
        raise Refused(details)


CONTEXT = cast("grpc.ServicerContext", Context())


@dataclass
class Resource:
    """What the engine keeps of a resource."""

    urn: str
    inputs: Properties
    id: str = ""
    outputs: Properties = field(default_factory=dict)


class Session:
    """A configured provider."""

    def __init__(self, endpoint: str, **settings: Any) -> None:
        self.provider = AwsProvider("test")
        names = (
            "autoscaling", "cloudwatch", "ec2", "elbv2", "iam", "kms", "route53", "s3", "secretsmanager", "sts"
        )  # fmt: skip
        values = {
            "region": REGION,
            "accessKey": ENVIRONMENT["AWS_ACCESS_KEY_ID"],
            "secretKey": ENVIRONMENT["AWS_SECRET_ACCESS_KEY"],
            "allowedAccountIds": [ACCOUNT],
            "endpoints": [dict.fromkeys(names, endpoint)],
            **settings,
        }
        args = {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}
        self.provider.Configure(provider_pb2.ConfigureRequest(args=dump(args)), CONTEXT)

    def check(self, token: str, inputs: Properties) -> list[str]:
        """What is wrong with inputs."""
        request = provider_pb2.CheckRequest(urn=urn(token), news=dump(inputs))
        return [failure.reason for failure in self.provider.Check(request, CONTEXT).failures]

    def foresee(self, token: str, inputs: Properties) -> Properties:
        """The outputs that a preview tells."""
        request = provider_pb2.CreateRequest(urn=urn(token), properties=dump(inputs), preview=True)
        return load(self.provider.Create(request, CONTEXT).properties)

    def create(self, token: str, declared: Properties) -> Resource:
        checked = self.provider.Check(provider_pb2.CheckRequest(urn=urn(token), news=dump(declared)), CONTEXT)
        assert not checked.failures
        inputs = load(checked.inputs)
        made = self.provider.Create(provider_pb2.CreateRequest(urn=urn(token), properties=dump(inputs)), CONTEXT)
        return Resource(urn(token), inputs, made.id, load(made.properties))

    def refresh(self, resource: Resource) -> Resource | None:
        """The resource as a refresh finds it; None if it is gone."""
        found = self.provider.Read(
            provider_pb2.ReadRequest(
                id=resource.id, urn=resource.urn, properties=dump(resource.outputs), inputs=dump(resource.inputs)
            ),
            CONTEXT,
        )
        return Resource(resource.urn, load(found.inputs), found.id, load(found.properties)) if found.id else None

    def diff(self, resource: Resource, inputs: Properties) -> provider_pb2.DiffResponse:
        return self.provider.Diff(
            provider_pb2.DiffRequest(
                id=resource.id, urn=resource.urn, olds=dump(resource.outputs), old_inputs=dump(resource.inputs),
                news=dump(inputs),
            ),
            CONTEXT,
        )  # fmt: skip

    def update(self, resource: Resource, inputs: Properties, *, preview: bool = False) -> Resource:
        found = self.provider.Update(
            provider_pb2.UpdateRequest(
                id=resource.id, urn=resource.urn, olds=dump(resource.outputs), old_inputs=dump(resource.inputs),
                news=dump(inputs), preview=preview,
            ),
            CONTEXT,
        )  # fmt: skip
        return Resource(resource.urn, inputs, resource.id, load(found.properties))

    def delete(self, resource: Resource) -> empty_pb2.Empty:
        request = provider_pb2.DeleteRequest(id=resource.id, urn=resource.urn, properties=dump(resource.outputs))
        return self.provider.Delete(request, CONTEXT)


def urn(token: str) -> str:
    return f"urn:pulumi:test::probe::{token}::it"
