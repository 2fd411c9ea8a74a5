"""The plugin `kubernetes`."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from tools.standins.kubernetes import checks, live, settings
from tools.standins.kubernetes.api import BUSY, FORBIDDEN, NOT_FOUND, Api, Refused, UnknownKind, Unreachable
from tools.standins.kubernetes.differences import difference
from tools.standins.kubernetes.failures import NotReady, Unfit, told
from tools.standins.kubernetes.objects import (
    Ref,
    annotation,
    field_manager,
    is_object,
    kind_of_urn,
    manifest,
    skips_await,
)
from tools.standins.kubernetes.readiness import problems
from tools.standins.kubernetes.waiting import Waiter, timeout_of
from tools.standins.plugin import Plugin
from tools.standins.serving import serve
from tools.standins.values import Properties, dump, is_unknown, load, marked_like, plain

PROPAGATION = {"": "Foreground", "foreground": "Foreground", "background": "Background", "orphan": "Orphan"}
"""How an object's dependents go with it, by the annotation deletionPropagationPolicy."""


class KubernetesProvider(Plugin):
    """One API server's objects."""

    def __init__(self, version: str) -> None:
        """Takes the version to tell the engine; Configure tells which API server."""
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
        changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        some = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        replacing = changed if changed and _another_cluster(before, after) else []
        return provider_pb2.DiffResponse(changes=some, diffs=changed, replaces=replacing)

    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        self._use(settings.read(plain(load(request.args))))
        return super().Configure(request, context)

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self._waiter.cancelled.set()
        return empty_pb2.Empty()

    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        inputs, found = load(request.news), []
        try:
            found = checks.problems(request.urn, plain(inputs))
            if not found:
                before = plain(load(request.olds))
                inputs = live.hide(checks.completed(request.urn, inputs, before, self._api, self._settings))
        except ValueError as problem:
            found = [str(problem)]
        failures = [provider_pb2.CheckFailure(reason=reason) for reason in found]
        return provider_pb2.CheckResponse(inputs=dump(inputs), failures=failures)

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        before, after = plain(load(request.old_inputs)), plain(load(request.news))
        return difference(before, after, self._settings.mutable).response()

    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        inputs = load(request.properties)
        manager = field_manager(request.urn, plain(inputs), {})
        with told(context):
            if request.preview:
                return provider_pb2.CreateResponse(properties=dump(self._foreseen(inputs, manager, new=True)))
            ref = self._ref(plain(inputs))
            self._check_free(ref)
            found = self._applied(ref, inputs, manager, request.timeout)
            return provider_pb2.CreateResponse(id=ref.id, properties=dump(found))
        raise AssertionError("unreachable: the call has been ended")

    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        with told(context):
            return self._read(request)
        raise AssertionError("unreachable: the call has been ended")

    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        inputs = load(request.news)
        manager = field_manager(request.urn, plain(inputs), plain(load(request.olds)))
        with told(context):
            if request.preview:
                return provider_pb2.UpdateResponse(properties=dump(self._foreseen(inputs, manager, new=False)))
            found = self._applied(self._ref(plain(inputs)), inputs, manager, request.timeout)
            return provider_pb2.UpdateResponse(properties=dump(found))
        raise AssertionError("unreachable: the call has been ended")

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        with told(context):
            self._delete(request)
        return empty_pb2.Empty()

    def _use(self, chosen: settings.Settings) -> None:
        self._settings = chosen
        self._api = Api(chosen)
        self._waiter = Waiter(self._api)

    def _ref(self, inputs: Mapping[str, Any]) -> Ref:
        """The object that plain inputs, or plain outputs, name."""
        resource = self._api.resource(inputs["apiVersion"], inputs["kind"])
        metadata = inputs["metadata"]
        namespace = metadata.get("namespace") or self._settings.default_namespace()
        return Ref(resource, namespace if resource.namespaced else "", metadata["name"])

    def _check_free(self, ref: Ref) -> None:
        """That a new object's name is free, as the official provider demands.

        Raises:
            Unfit: it is not.
        """
        found = self._api.get(ref)
        if found is None:
            return
        if "deletionTimestamp" in found["metadata"]:
            raise Unfit(f"{ref} is still being deleted: run the command again when it is gone")
        if not self._settings.adopts:
            raise Unfit(f"{ref} already exists: import it, delete it, or set the provider's upsertExistingObjects")

    def _apply(self, ref: Ref, inputs: Properties, manager: str, *, dry: bool = False) -> dict[str, Any]:
        wanted = manifest(plain(inputs))
        force = self._settings.force or annotation(wanted, "patchForce") == "true"
        return self._api.apply(ref, wanted, manager, force=force, dry=dry)

    def _applied(self, ref: Ref, inputs: Properties, manager: str, timeout: float) -> Properties:
        """Applies the inputs and waits until the object is ready; returns the outputs.

        Raises:
            NotReady: it is not.
        """
        made = self._apply(ref, inputs, manager)
        if skips_await(made):
            return live.outputs(made, inputs, manager)
        seen, reasons = self._waiter.until_ready(ref, made, timeout_of(timeout, plain(inputs)))
        found = live.outputs(seen, inputs, manager)
        if reasons:
            raise NotReady(ref, found, inputs, reasons)
        return found

    def _foreseen(self, inputs: Properties, manager: str, *, new: bool) -> Properties:
        """The outputs as a dry run tells them; the inputs where it cannot.

        Raises:
            Refused: the API server would not take the object.
        """
        bare = plain(inputs)
        if is_unknown(bare):
            return inputs
        try:
            ref = self._ref(bare)
            # The object of before still has the name where it is about to be deleted and made anew.
            if new and self._api.get(ref) is not None:
                return inputs
            told_of = self._apply(ref, inputs, manager, dry=True)
        except Refused as error:
            if error.status in (FORBIDDEN, NOT_FOUND, *BUSY):
                return inputs
            raise
        except (UnknownKind, Unreachable):
            return inputs
        return live.outputs(live.foreseen(told_of, bare, new=new), inputs, manager)

    def _read(self, request: provider_pb2.ReadRequest) -> provider_pb2.ReadResponse:
        inputs, state = load(request.inputs), plain(load(request.properties))
        if not is_object(request.urn):
            raise Unfit("resources of this type are not supported by this stand-in")
        try:
            found = self._api.get(ref := self._ref_of(request.urn, request.id, state))
        except UnknownKind:
            return provider_pb2.ReadResponse()
        if found is None:
            return provider_pb2.ReadResponse()
        declared = live.declared_part(plain(inputs), state, found) if inputs else live.imported(found)
        seen = live.hide(marked_like(declared, inputs))
        outputs = live.outputs(found, seen, field_manager(request.urn, declared, state))
        if reasons := problems(self._api, found):
            raise NotReady(ref, outputs, seen, reasons)
        return provider_pb2.ReadResponse(id=request.id, properties=dump(outputs), inputs=dump(seen))

    def _ref_of(self, urn: str, identity: str, state: Properties) -> Ref:
        version, kind = kind_of_urn(urn)
        resource = self._api.resource(state.get("apiVersion") or version, state.get("kind") or kind)
        namespace, _, name = identity.rpartition("/")
        chosen = namespace or self._settings.default_namespace()
        return Ref(resource, chosen if resource.namespaced else "", name)

    def _delete(self, request: provider_pb2.DeleteRequest) -> None:
        state = plain(load(request.properties))
        try:
            found = self._api.get(ref := self._ref_of(request.urn, request.id, state))
        except UnknownKind:
            return
        if found is None:
            return
        policy = annotation(state, "deletionPropagationPolicy").lower()
        if policy not in PROPAGATION:
            raise Unfit(f"{ref}: the annotation deletionPropagationPolicy is none of foreground, background and orphan")
        self._api.delete(ref, PROPAGATION[policy])
        if not skips_await(state):
            self._waiter.until_gone(ref, found["metadata"]["uid"], timeout_of(request.timeout, state))


def _another_cluster(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    names = [inputs.get("clusterIdentifier") for inputs in (before, after)]
    if any(names):
        return bool(names[0] != names[1])
    clusters = [settings.read(inputs).cluster() for inputs in (before, after)]
    return all(map(any, clusters)) and clusters[0] != clusters[1]


def main() -> None:
    """Serves, as the version that the installed SDK is of."""
    provider = KubernetesProvider(importlib.metadata.version("pulumi-kubernetes"))
    serve(lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server))
