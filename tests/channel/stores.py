"""What holds a channel's objects in a test: a directory, or a bucket of a running server."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from etcd_ops.channel.connect import connect
from etcd_ops.channel.port import Channel
from tests.servers.s3 import client

Result = TypeVar("Result")


@dataclass(frozen=True)
class Store:
    """One kind of channel and where it is."""

    kind: str
    connection: dict[str, Any]

    def connect(self) -> Channel:
        """A channel of its own, as another process would have."""
        return connect(self.connection)

    def apart(self) -> Store:
        """The same S3 server under a prefix that nobody uses."""
        return replace(self, connection={**self.connection, "prefix": f"{uuid.uuid4().hex}/"})

    def raw(self, name: str) -> bytes:
        """The bytes of an object as any other program sees them."""
        if self.kind == "directory":
            return self._file(name).read_bytes()
        return client(self._endpoint).get_object(Bucket=self._bucket, Key=self._key(name))["Body"].read()

    def write_raw(self, name: str, data: bytes) -> None:
        """Write an object as a person with any other program would."""
        if self.kind == "directory":
            self._file(name).parent.mkdir(exist_ok=True)
            self._file(name).write_bytes(data)
        else:
            client(self._endpoint).put_object(Bucket=self._bucket, Key=self._key(name), Body=data)

    def _file(self, name: str) -> Path:
        return Path(self.connection["directory"]) / name

    def _key(self, name: str) -> str:
        return f"{self.connection['prefix']}{name}"

    @property
    def _bucket(self) -> str:
        return str(self.connection["bucket"])

    @property
    def _endpoint(self) -> str:
        return str(self.connection["endpointUrl"])


def run(call: Coroutine[Any, Any, Result]) -> Result:
    """The result of a channel's call."""
    return asyncio.run(call)
