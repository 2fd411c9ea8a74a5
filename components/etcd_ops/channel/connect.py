"""From a connection value (of an agent's configuration, Rollout's inputs, a CLI context) to its channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from etcd_ops.channel.directory import DirectoryConnection
from etcd_ops.channel.kubernetes import KubernetesConnection
from etcd_ops.channel.port import Channel
from etcd_ops.channel.s3 import S3Connection

Connection = DirectoryConnection | S3Connection | KubernetesConnection
"""Every kind of connection: a new kind is one new file, named here."""

_ADAPTER: TypeAdapter[Connection] = TypeAdapter(Annotated[Connection, Field(discriminator="kind")])


class InvalidConnection(ValueError):
    """A connection value with problems, each `path: what is wrong and how to mend it`."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def parse(value: Mapping[str, Any] | Connection, path: str = "channel") -> Connection:
    """Validate a connection value.

    Args:
        value: the JSON value, or an already parsed one.
        path: where the value stands, to begin every problem with.

    Raises:
        InvalidConnection: with all problems at once.
    """
    try:
        return _ADAPTER.validate_python(value)
    except ValidationError as problem:
        raise InvalidConnection(tuple(_describe(error, path) for error in problem.errors())) from problem


def connect(value: Mapping[str, Any] | Connection) -> Channel:
    """The channel that a connection value names. Nothing is opened yet: that is the first call's affair.

    Raises:
        InvalidConnection: the value is not one, with all problems at once.
    """
    return parse(value).connect()


def _describe(error: Any, path: str) -> str:
    # The first part of a location inside a discriminated union is the kind.
    where = ".".join([path, *(str(part) for part in error["loc"][1:])])
    return f"{where}: {error['msg'].removeprefix('Value error, ')}"
