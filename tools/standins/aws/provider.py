"""The plugin `aws`."""

from __future__ import annotations

import importlib.metadata
import threading

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from tools.standins.aws import checks, settings, state
from tools.standins.aws.catalogue import KINDS
from tools.standins.aws.failures import told, unless_absent
from tools.standins.aws.kind import Kind
from tools.standins.aws.settings import Place
from tools.standins.differences import written
from tools.standins.plugin import Plugin
from tools.standins.serving import serve
from tools.standins.values import Properties, dump, is_unknown, load, plain


class AwsProvider(Plugin):
    """What one account of an emulated AWS has."""

    def __init__(self, version: str) -> None:
        """Takes the version to tell the engine; Configure tells which AWS."""
        super().__init__(version)
        self._use(settings.Settings())

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        known = {name: value for name, value in plain(load(request.news)).items() if not is_unknown(value)}
        found = settings.problems(known)
        failures = [provider_pb2.CheckFailure(property=name, reason=reason) for name, reason in found.items()]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        before, after = plain(load(request.old_inputs)), plain(load(request.news))
        told_of = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        some = provider_pb2.DiffResponse.DIFF_SOME if told_of else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=some, diffs=told_of, replaces=[n for n in told_of if n == "region"])

    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        self._use(settings.read(plain(load(request.args))))
        return super().Configure(request, context)

    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        kind, inputs = self._kind(request.urn, context), load(request.news)
        given = state.bare(inputs)
        found = {
            written(path): reason
            for path, reason in checks.problems(kind.fields, {n: v for n, v in given.items() if n != state.EVERYWHERE})
        }
        found = found or dict(kind.problems({**kind.defaults, **given}))
        # The engine writes nested paths of its own in another way.
        failures = [provider_pb2.CheckFailure(reason=f"{name}: {reason}") for name, reason in found.items()]
        return provider_pb2.CheckResponse(inputs=dump(state.hide(kind, inputs)), failures=failures)

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        kind = self._kind(request.urn, context)
        before, after = state.bare(load(request.old_inputs)), state.bare(load(request.news))
        return state.difference(kind, before, after).response()

    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        kind, inputs = self._kind(request.urn, context), load(request.properties)
        with told(context, _name(request.urn)):
            place = self._place(inputs)
            if request.preview:
                seen = state.foreseen(kind, inputs, {}, place.region, self._tags)
                return provider_pb2.CreateResponse(properties=dump(seen))
            self._check_account()
            full = self._complete(kind, inputs)
            identity = kind.create(place, full)
            found = self._outputs(kind, place, identity, inputs, full)
            return provider_pb2.CreateResponse(id=identity, properties=dump(found))
        raise AssertionError("unreachable: the call has been ended")

    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        kind, inputs, known = self._kind(request.urn, context), load(request.inputs), load(request.properties)
        if not known:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "import is not supported by this stand-in")
        with told(context, _name(request.urn)):
            self._check_account()
            place, then = self._place(known), state.bare(known)
            live = unless_absent(kind, lambda: _look(kind, place, request.id, then))
            if live is None:
                return provider_pb2.ReadResponse()
            now = state.bare(state.outputs(kind, inputs, live, place.region, self._tags))
            seen = state.refreshed(kind, inputs, then, now)
            found = state.outputs(kind, seen, live, place.region, self._tags)
            return provider_pb2.ReadResponse(id=request.id, properties=dump(found), inputs=dump(seen))
        raise AssertionError("unreachable: the call has been ended")

    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        kind, inputs, olds = self._kind(request.urn, context), load(request.news), load(request.olds)
        with told(context, _name(request.urn)):
            place = self._place(inputs)
            if request.preview:
                seen = state.foreseen(kind, inputs, olds, place.region, self._tags)
                return provider_pb2.UpdateResponse(properties=dump(seen))
            self._check_account()
            before = {**kind.defaults, **state.bare(load(request.old_inputs))}
            if state.is_tagged(kind):
                before["tags"] = state.bare(olds).get("tagsAll") or {}
            full = self._complete(kind, inputs)
            kind.update(place, request.id, before, full)
            return provider_pb2.UpdateResponse(properties=dump(self._outputs(kind, place, request.id, inputs, full)))
        raise AssertionError("unreachable: the call has been ended")

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        kind, known = self._kind(request.urn, context), state.bare(load(request.properties))
        with told(context, _name(request.urn)):
            self._check_account()
            unless_absent(kind, lambda: kind.delete(self._place(known), request.id, known))
        return empty_pb2.Empty()

    def _use(self, chosen: settings.Settings) -> None:
        self._settings = chosen
        self._tags = chosen.default_tags
        self._checking, self._checked = threading.Lock(), False

    def _check_account(self) -> None:
        """That calls reach the right account; later than the official provider, so that a preview needs no AWS."""
        with self._checking:
            if not self._checked:
                self._settings.check()
            self._checked = True

    def _place(self, properties: Properties) -> Place:
        return Place(self._settings, str(plain(properties).get(state.EVERYWHERE) or self._settings.region))

    def _complete(self, kind: Kind, inputs: Properties) -> Properties:
        given = {name: value for name, value in state.bare(inputs).items() if name != state.EVERYWHERE}
        return state.complete(kind, given, self._tags)

    def _outputs(self, kind: Kind, place: Place, identity: str, inputs: Properties, full: Properties) -> Properties:
        live = _look(kind, place, identity, full)
        if live is None:
            raise ValueError(f"{identity} is not there although it was just written")
        return state.outputs(kind, inputs, live, place.region, self._tags)

    def _kind(self, urn: str, context: grpc.ServicerContext) -> Kind:
        token = urn.split("::")[2].rpartition("$")[2]
        if token not in KINDS:
            context.abort(
                grpc.StatusCode.UNIMPLEMENTED, f"resources of type {token} are not supported by this stand-in"
            )
        return KINDS[token]


def _look(kind: Kind, place: Place, identity: str, known: Properties) -> Properties | None:
    found = kind.read(place, identity, known)
    kept = {name: known[name] for name in kind.untold if name in known}
    return None if found is None else {**kept, **found}


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def main() -> None:
    """Serves, as the version that the installed SDK is of."""
    provider = AwsProvider(importlib.metadata.version("pulumi-aws"))
    serve(lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server))
