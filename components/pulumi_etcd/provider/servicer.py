"""The provider's side of the plugin protocol, for components and for custom resources of every type.

What it takes on for resources: plain values instead of wrapped ones, secrets that stay secret, a diff by leaf path,
`ignoreChanges`, failed initialisation, Cancel, and lines that appear under the resource's own URN.
"""

# Names and arguments are the protocol's.
# ruff: noqa: ARG002, N802

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, NoReturn

import grpc
import grpc.aio
import pulumi
from google.protobuf import empty_pb2
from pulumi.provider.provider import Provider
from pulumi.provider.server import ProviderServicer
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, status_pb2

from pulumi_etcd.provider.constructing import Aborted, AbortingContext, ConstructionLoop
from pulumi_etcd.provider.difference import Change, Difference, compare
from pulumi_etcd.provider.resource import Call, CustomResource, Failed, NotReady, Say
from pulumi_etcd.provider.values import dump, load, text

Context = grpc.aio.ServicerContext[Any, Any]

_KINDS = {
    (Change.ADDED, False): provider_pb2.PropertyDiff.ADD,
    (Change.ADDED, True): provider_pb2.PropertyDiff.ADD_REPLACE,
    (Change.DELETED, False): provider_pb2.PropertyDiff.DELETE,
    (Change.DELETED, True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    (Change.UPDATED, False): provider_pb2.PropertyDiff.UPDATE,
    (Change.UPDATED, True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


class EtcdProvider(ProviderServicer):
    """Serves one engine."""

    def __init__(self, hosted: Provider, resources: Mapping[str, CustomResource], engine_address: str) -> None:
        """Serve `hosted` components and custom `resources` by type token to the engine at `engine_address`."""
        super().__init__(hosted, [], engine_address)
        self.resources = resources
        self.cancelled = asyncio.Event()
        self._constructions = ConstructionLoop()
        # The stub's types are those of synchronous channels.
        self._engine: Any = engine_pb2_grpc.EngineStub(grpc.aio.insecure_channel(engine_address))

    async def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: Context
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Say what this provider can do."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True, accept_outputs=True)

    async def CheckConfig(self, request: provider_pb2.CheckRequest, context: Context) -> provider_pb2.CheckResponse:
        """The provider itself has nothing to configure: every resource names what it connects to."""
        return provider_pb2.CheckResponse(inputs=request.news)

    async def DiffConfig(self, request: provider_pb2.DiffRequest, context: Context) -> provider_pb2.DiffResponse:
        """No configuration, no difference."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    async def Configure(
        self, request: provider_pb2.ConfigureRequest, context: Context
    ) -> provider_pb2.ConfigureResponse:
        """As Handshake; the SDK's own answer leaves out previews."""
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, acceptResources=True, acceptOutputs=True, supportsPreview=True
        )

    async def Cancel(self, request: empty_pb2.Empty, context: Context) -> empty_pb2.Empty:
        """End every wait that is under way."""
        self.cancelled.set()
        return empty_pb2.Empty()

    async def Construct(
        self, request: provider_pb2.ConstructRequest, context: Context
    ) -> provider_pb2.ConstructResponse:
        """Construct a component. One whose child failed would wait for ever: the engine answers no more."""
        construction = super().Construct(request, AbortingContext())
        work = asyncio.ensure_future(self._constructions.run(construction))
        cancelled = asyncio.ensure_future(self.cancelled.wait())
        await asyncio.wait({work, cancelled}, return_when=asyncio.FIRST_COMPLETED)
        cancelled.cancel()
        if not work.done():
            work.cancel()
            await _abort(context, grpc.StatusCode.CANCELLED, "cancelled")
        try:
            return await work
        except pulumi.RunError as problem:
            await _abort(context, grpc.StatusCode.INVALID_ARGUMENT, str(problem))
        except Aborted as problem:
            await context.abort_with_status(problem.status)
            raise

    async def Check(self, request: provider_pb2.CheckRequest, context: Context) -> provider_pb2.CheckResponse:
        """Judge the inputs of a custom resource."""
        resource = await self._resource(request.urn, context)
        old, _ = load(request.olds)
        new, secrets = load(request.news)
        try:
            checked = await resource.check(self._about(request, old=old, inputs=new, secrets=secrets))
        except (Failed, OSError) as problem:
            await _fail(context, problem)
        # A nested property's name makes the engine print the value around it: the path is part of the reason.
        failures = [provider_pb2.CheckFailure(reason=str(problem)) for problem in checked.problems]
        return provider_pb2.CheckResponse(inputs=dump(checked.inputs, secrets), failures=failures)

    async def Diff(self, request: provider_pb2.DiffRequest, context: Context) -> provider_pb2.DiffResponse:
        """Compare inputs with inputs, and the state with the world."""
        resource = await self._resource(request.urn, context)
        old, _ = load(request.old_inputs)
        new, _ = load(request.news)
        state, _ = load(request.olds)
        call = self._about(request, id=request.id, old=old, inputs=new, state=state)
        try:
            drift = await resource.drift(call)
        except (Failed, OSError) as problem:
            await _fail(context, problem)
        for reason in drift.values():
            await call.info(reason)
        return _diff_response(compare(old, new, request.ignoreChanges, drift, resource.replaces))

    async def Create(self, request: provider_pb2.CreateRequest, context: Context) -> provider_pb2.CreateResponse:
        """Create a custom resource, or say in a preview what it would be."""
        resource = await self._resource(request.urn, context)
        inputs, secrets = load(request.properties)
        call = self._about(request, inputs=inputs, secrets=secrets, preview=request.preview, timeout=request.timeout)
        try:
            identity, outputs = await resource.create(call)
        except NotReady as problem:
            await _fail_initialisation(context, problem, call)
        except (Failed, OSError) as problem:
            await _fail(context, problem)
        return provider_pb2.CreateResponse(id=identity, properties=dump(outputs, secrets))

    async def Read(self, request: provider_pb2.ReadRequest, context: Context) -> provider_pb2.ReadResponse:
        """Say what a custom resource is now."""
        resource = await self._resource(request.urn, context)
        inputs, secrets = load(request.inputs)
        state, kept = load(request.properties)
        call = self._about(
            request,
            id=request.id,
            inputs=inputs,
            state=state,
            secrets=secrets | kept,
            timeout=request.timeout,
        )
        try:
            live = await resource.read(call)
        except NotReady as problem:
            await _fail_initialisation(context, problem, call)
        except (Failed, OSError) as problem:
            await _fail(context, problem)
        if live is None:
            return provider_pb2.ReadResponse()
        properties = dump(live.outputs, call.secrets)
        return provider_pb2.ReadResponse(id=live.id, inputs=dump(live.inputs, call.secrets), properties=properties)

    async def Update(self, request: provider_pb2.UpdateRequest, context: Context) -> provider_pb2.UpdateResponse:
        """Change a custom resource in place."""
        resource = await self._resource(request.urn, context)
        inputs, secrets = load(request.news)
        state, _ = load(request.olds)
        call = self._about(
            request,
            id=request.id,
            inputs=inputs,
            state=state,
            secrets=secrets,
            preview=request.preview,
            timeout=request.timeout,
        )
        try:
            outputs = await resource.update(call)
        except NotReady as problem:
            await _fail_initialisation(context, problem, call)
        except (Failed, OSError) as problem:
            await _fail(context, problem)
        return provider_pb2.UpdateResponse(properties=dump(outputs, secrets))

    async def Delete(self, request: provider_pb2.DeleteRequest, context: Context) -> empty_pb2.Empty:
        """Delete a custom resource."""
        resource = await self._resource(request.urn, context)
        state, secrets = load(request.properties)
        call = self._about(request, id=request.id, state=state, secrets=secrets, timeout=request.timeout)
        try:
            await resource.delete(call)
        except (Failed, OSError) as problem:
            await _fail(context, problem)
        return empty_pb2.Empty()

    async def _resource(self, urn: str, context: Context) -> CustomResource:
        token = urn.split("::")[2].rsplit("$", maxsplit=1)[-1]
        resource = self.resources.get(token)
        if resource is None:
            await _abort(context, grpc.StatusCode.NOT_FOUND, f"the provider etcd has no resource {token}")
        return resource

    def _about(self, request: Any, **circumstances: Any) -> Call:
        return Call(
            urn=request.urn,
            info=self._say(request.urn, engine_pb2.INFO),
            warn=self._say(request.urn, engine_pb2.WARNING),
            cancelled=self.cancelled,
            **circumstances,
        )

    def _say(self, urn: str, severity: engine_pb2.LogSeverity.ValueType) -> Say:
        async def say(message: str) -> None:
            await self._engine.Log(engine_pb2.LogRequest(severity=severity, message=message, urn=urn))

        return say


def _diff_response(difference: Difference) -> provider_pb2.DiffResponse:
    kinds = provider_pb2.DiffResponse
    detailed = {
        text(path): provider_pb2.PropertyDiff(kind=_KINDS[change, difference.forces_replacement(path)], inputDiff=True)
        for path, change in difference.inputs.items()
    }
    for output in difference.drift:
        detailed.setdefault(output, provider_pb2.PropertyDiff(kind=provider_pb2.PropertyDiff.UPDATE))
    return provider_pb2.DiffResponse(
        changes=kinds.DIFF_SOME if difference.any else kinds.DIFF_NONE,
        diffs=difference.top,
        replaces=sorted({str(path[0]) for path in difference.inputs if difference.forces_replacement(path)}),
        hasDetailedDiff=True,
        detailedDiff=detailed,
    )


async def _abort(
    context: Context, code: grpc.StatusCode, message: str, metadata: tuple[tuple[str, bytes], ...] = ()
) -> NoReturn:
    await context.abort(code, message, metadata)
    raise AssertionError("abort raises")


async def _fail(context: Context, problem: Exception) -> NoReturn:
    await _abort(context, grpc.StatusCode.FAILED_PRECONDITION, str(problem))


async def _fail_initialisation(context: Context, problem: NotReady, call: Call) -> NoReturn:
    """Tell the engine that the resource exists but is not in order: it records that, and every `up` tries again."""
    recorded = call.inputs if problem.inputs is None else problem.inputs
    detail = provider_pb2.ErrorResourceInitFailed(
        id=problem.identity,
        properties=dump(problem.outputs, call.secrets),
        inputs=dump(recorded, call.secrets),
        reasons=list(problem.reasons),
    )
    code = grpc.StatusCode.UNKNOWN
    status = status_pb2.Status(code=code.value[0], message=str(problem))
    status.details.add().Pack(detail)
    metadata = (("grpc-status-details-bin", status.SerializeToString()),)
    await _abort(context, code, str(problem), metadata)
