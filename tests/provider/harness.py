"""The provider over its real protocol, without the engine: plain values in, plain values out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
from google.protobuf import empty_pb2
from pulumi.provider.provider import Provider
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc, status_pb2

from pulumi_etcd.provider.resource import CustomResource
from pulumi_etcd.provider.servicer import EtcdProvider
from pulumi_etcd.provider.values import Path, Properties, dump, load

LOOPBACK = "127.46.0.9:0"


@dataclass(frozen=True)
class Said:
    urn: str
    severity: int
    message: str


class InitFailed(Exception):
    """The provider's ErrorResourceInitFailed, as the engine reads it."""

    def __init__(self, detail: provider_pb2.ErrorResourceInitFailed) -> None:
        super().__init__("\n".join(detail.reasons))
        self.id = detail.id
        self.reasons = list(detail.reasons)
        self.inputs, _ = load(detail.inputs)
        self.outputs, self.secrets = load(detail.properties)


class Refusal(Exception):
    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class FakeEngine(engine_pb2_grpc.EngineServicer):
    """Stands in for the engine: remembers what it is asked to print."""

    def __init__(self) -> None:
        self.said: list[Said] = []

    async def Log(self, request: engine_pb2.LogRequest, context: Any) -> empty_pb2.Empty:  # noqa: N802
        self.said.append(Said(request.urn, request.severity, request.message))
        return empty_pb2.Empty()


@dataclass
class Client:
    """Calls of one resource type, as the engine makes them."""

    stub: Any
    engine: FakeEngine
    token: str
    name: str = "demo"
    secrets: frozenset[Path] = field(default_factory=frozenset)
    parent: str = ""
    """Type of the component that the resource belongs to."""

    @property
    def urn(self) -> str:
        types = "$".join(filter(None, (self.parent, self.token)))
        return f"urn:pulumi:test::project::{types}::{self.name}"

    @property
    def lines(self) -> list[str]:
        return [said.message for said in self.engine.said if said.urn == self.urn]

    async def check(self, new: Properties, old: Properties | None = None) -> tuple[Properties, list[str]]:
        request = provider_pb2.CheckRequest(urn=self.urn, olds=dump(old or {}), news=dump(new, self.secrets))
        answer = await self._call(self.stub.Check, request)
        return load(answer.inputs)[0], [failure.reason for failure in answer.failures]

    async def diff(
        self, id_: str, state: Properties, old: Properties, new: Properties, ignored: tuple[str, ...] = ()
    ) -> provider_pb2.DiffResponse:
        request = provider_pb2.DiffRequest(
            urn=self.urn, id=id_, olds=dump(state), old_inputs=dump(old), news=dump(new), ignoreChanges=ignored
        )
        answer: provider_pb2.DiffResponse = await self._call(self.stub.Diff, request)
        return answer

    async def create(self, inputs: Properties, preview: bool = False, timeout: float = 0) -> tuple[str, Properties]:
        request = provider_pb2.CreateRequest(
            urn=self.urn, properties=dump(inputs, self.secrets), preview=preview, timeout=timeout
        )
        answer = await self._call(self.stub.Create, request)
        outputs, marked = load(answer.properties)
        assert self.secrets <= marked
        return answer.id, outputs

    async def update(self, id_: str, state: Properties, inputs: Properties, preview: bool = False) -> Properties:
        request = provider_pb2.UpdateRequest(
            urn=self.urn, id=id_, olds=dump(state), news=dump(inputs, self.secrets), preview=preview
        )
        answer = await self._call(self.stub.Update, request)
        return load(answer.properties)[0]

    async def read(self, id_: str, inputs: Properties, state: Properties) -> tuple[str, Properties, Properties]:
        request = provider_pb2.ReadRequest(urn=self.urn, id=id_, inputs=dump(inputs), properties=dump(state))
        answer = await self._call(self.stub.Read, request)
        return answer.id, load(answer.inputs)[0], load(answer.properties)[0]

    async def delete(self, id_: str, state: Properties) -> None:
        request = provider_pb2.DeleteRequest(urn=self.urn, id=id_, properties=dump(state))
        await self._call(self.stub.Delete, request)

    async def cancel(self) -> None:
        await self._call(self.stub.Cancel, empty_pb2.Empty())

    async def _call(self, method: Any, request: Any) -> Any:
        try:
            return await method(request)
        except grpc.aio.AioRpcError as error:
            for key, value in error.trailing_metadata() or ():
                if key == "grpc-status-details-bin":
                    raise _init_failed(value) from error
            raise Refusal(error.code(), error.details() or "") from error


def _init_failed(value: Any) -> InitFailed:
    detail = provider_pb2.ErrorResourceInitFailed()
    assert status_pb2.Status.FromString(value).details[0].Unpack(detail)
    return InitFailed(detail)


@asynccontextmanager
async def serving(
    resources: Mapping[str, CustomResource], token: str, secrets: frozenset[Path] = frozenset()
) -> AsyncIterator[Client]:
    """A client of one resource type of a provider that serves `resources`."""
    engine, engine_server = FakeEngine(), grpc.aio.server()
    engine_pb2_grpc.add_EngineServicer_to_server(engine, engine_server)
    engine_port = engine_server.add_insecure_port(LOOPBACK)
    await engine_server.start()
    server = grpc.aio.server()
    provider = EtcdProvider(Provider("1.2.3"), resources, f"127.46.0.9:{engine_port}")
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port(LOOPBACK)
    await server.start()
    async with grpc.aio.insecure_channel(f"127.46.0.9:{port}") as channel:
        yield Client(provider_pb2_grpc.ResourceProviderStub(channel), engine, token, secrets=secrets)
    await server.stop(None)
    await engine_server.stop(None)
