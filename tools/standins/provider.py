"""The least of a resource provider: pulumirpc.ResourceProvider over resource kinds that only compute."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from tools.standins.plugin import Plugin
from tools.standins.values import UNKNOWN, Properties, dump, is_unknown, load, plain, secret


class Kind(ABC):
    """One kind of resource, whose outputs follow from its inputs (and chance) alone."""

    defaults: Mapping[str, Any] = {}
    """Inputs that the user may leave out, as they then appear among the outputs."""

    computed: Sequence[str] = ()
    """Outputs that are unknown until the resource is made."""

    secrets: Sequence[str] = ()
    """Those of the computed outputs that are secret."""

    updatable: Sequence[str] = ()
    """Inputs whose change does not replace the resource."""

    def problems(self, inputs: Properties) -> Mapping[str, str]:
        """What is wrong with the inputs, by property; unknown inputs are left out."""
        return {}

    @abstractmethod
    def make(self, inputs: Properties) -> tuple[str, Properties]:
        """Makes the resource: its ID and the computed outputs, from inputs with their defaults.

        Raises:
            ValueError: the inputs do not work; the message says why.
        """

    def expired(self, outputs: Properties) -> Sequence[str]:
        """Outputs that demand a replacement by themselves, with the passage of time."""
        return ()

    def refreshed(self, outputs: Properties) -> Properties:
        """The outputs as a refresh finds them."""
        return outputs


class Provider(Plugin):
    """Serves the kinds it is given, by the last part of their type token."""

    def __init__(self, version: str, kinds: Mapping[str, Kind]) -> None:
        """Takes the version to tell the engine, and the kinds by name, such as `PrivateKey`."""
        super().__init__(version)
        self._kinds = kinds

    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        inputs = plain(load(request.news))
        known = {name: value for name, value in inputs.items() if not is_unknown(value)}
        found = self._kind(request.urn, context).problems(known)
        # An unknown value may turn out right: only what is certain is refused.
        certain = {name: reason for name, reason in found.items() if name in known or name not in inputs}
        failures = [provider_pb2.CheckFailure(property=name, reason=reason) for name, reason in certain.items()]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        kind = self._kind(request.urn, context)
        before = {**kind.defaults, **plain(load(request.old_inputs))}
        after = {**kind.defaults, **plain(load(request.news))}
        changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        state = {**plain(load(request.olds)), **{name: after.get(name) for name in kind.updatable}}
        expired = kind.expired(state)
        replacing = [name for name in changed if name not in kind.updatable] + list(expired)
        return _difference(changed, expired, replacing)

    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        kind = self._kind(request.urn, context)
        inputs = load(request.properties)
        if request.preview:
            computed: Properties = dict.fromkeys(kind.computed, UNKNOWN)
            identity = ""
        else:
            try:
                identity, computed = kind.make({**kind.defaults, **plain(inputs)})
            except ValueError as problem:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(problem))
        hidden = {name: secret(computed[name]) for name in kind.secrets}
        outputs = {**kind.defaults, **inputs, **computed, **hidden}
        return provider_pb2.CreateResponse(id=identity, properties=dump(outputs))

    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        if not request.properties.fields:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "import is not supported by this stand-in")
        found = self._kind(request.urn, context).refreshed(load(request.properties))
        return provider_pb2.ReadResponse(id=request.id, properties=dump(found), inputs=request.inputs)

    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        kind = self._kind(request.urn, context)
        outputs = {**load(request.olds), **kind.defaults, **load(request.news)}
        return provider_pb2.UpdateResponse(properties=dump(outputs))

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def _kind(self, urn: str, context: grpc.ServicerContext) -> Kind:
        name = urn.split("::")[2].rsplit(":", 1)[-1]
        if name not in self._kinds:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"resources of type {name} are not supported by this stand-in")
        return self._kinds[name]


def _difference(changed: Sequence[str], expired: Sequence[str], replacing: Sequence[str]) -> provider_pb2.DiffResponse:
    update, replace = provider_pb2.PropertyDiff.UPDATE, provider_pb2.PropertyDiff.UPDATE_REPLACE
    detailed = {
        name: provider_pb2.PropertyDiff(kind=replace if name in replacing else update, inputDiff=True)
        for name in changed
    } | {name: provider_pb2.PropertyDiff(kind=replace) for name in expired}
    some = provider_pb2.DiffResponse.DIFF_SOME if detailed else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=some,
        replaces=replacing,
        diffs=[*changed, *expired],
        hasDetailedDiff=True,
        detailedDiff=detailed,
    )
