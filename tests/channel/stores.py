"""What holds a channel's objects in a test: a directory, a bucket or a namespace of a running server."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from etcd_ops.channel.connect import connect
from etcd_ops.channel.kubernetes_kinds import body, kind_of, manifest, object_name
from etcd_ops.channel.port import Channel
from tests.servers.kubernetes import KubernetesServer
from tests.servers.s3 import client

Result = TypeVar("Result")


@dataclass(frozen=True)
class Store:
    """One kind of channel and where it is."""

    kind: str
    connection: dict[str, Any]
    server: KubernetesServer | None = None
    """Whose namespace it is, for kind `kubernetes`."""

    def connect(self) -> Channel:
        """A channel of its own, as another process would have."""
        return connect(self.connection)

    def apart(self) -> Store:
        """The same server under a prefix, or for a cluster, that nobody uses."""
        if self.kind == "kubernetes":
            return replace(self, connection={**self.connection, "cluster": f"c-{uuid.uuid4().hex}"})
        return replace(self, connection={**self.connection, "prefix": f"{uuid.uuid4().hex}/"})

    def raw(self, name: str) -> bytes:
        """The bytes of an object as any other program sees them."""
        if self.kind == "directory":
            return self._file(name).read_bytes()
        if self.server is not None:
            return body(self.server.request("GET", self._path(name)))
        return client(self._endpoint).get_object(Bucket=self._bucket, Key=self._key(name))["Body"].read()

    def write_raw(self, name: str, data: bytes) -> None:
        """Write an object as a person with any other program would."""
        if self.kind == "directory":
            self._file(name).parent.mkdir(exist_ok=True)
            self._file(name).write_bytes(data)
        elif self.server is not None:
            path = kind_of(name).path(self.connection["namespace"])
            self.server.request("POST", path, manifest(self.connection["cluster"], name, data))
        else:
            client(self._endpoint).put_object(Bucket=self._bucket, Key=self._key(name), Body=data)

    def _file(self, name: str) -> Path:
        return Path(self.connection["directory"]) / name

    def _path(self, name: str) -> str:
        return f"{kind_of(name).path(self.connection['namespace'])}/{object_name(self.connection['cluster'], name)}"

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
