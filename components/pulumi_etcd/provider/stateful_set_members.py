"""What StatefulSetMember does: see a member off. What makes it are the Kubernetes objects beside it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from etcd_ops.channel import remote
from etcd_ops.channel.kubernetes_objects import NamespacePlace, api_client
from etcd_ops.channel.port import ChannelUnavailable
from etcd_ops.model.problems import Problem
from pulumi_etcd.provider.fixed import moved, unknown
from pulumi_etcd.provider.forgetting import forget, published_volume
from pulumi_etcd.provider.resource import Call, Checked, Failed, Live
from pulumi_etcd.provider.values import Properties

if TYPE_CHECKING:
    from httpx2 import Client

GONE_SECONDS = 600.0
"""Within which pod and claim have to be gone, where the resource's own timeout says nothing."""
POLL = 1.0
REMIND = 30.0
"""Seconds after which what is still there is said again."""
CONNECT_SECONDS, READ_SECONDS = 3.0, 5.0
_IDENTITY = ("cluster", "slot", "zone", "namespace", "namespaceUid", "pod", "claim")
_VOLUME = ("volumeBytes", "storageClass")
_KNOWN = (*_IDENTITY, *_VOLUME, "channel", "kubeconfig", "context")


class StatefulSetMembers:
    """Created before a member's StatefulSet and deleted after it: only then does nothing of the member run any more."""

    replaces: ClassVar[frozenset[str]] = frozenset()

    async def check(self, call: Call) -> Checked:
        """Judge what names the member, and its volume, which stays as it was made."""
        remedy = "declare another slot, and drop this one in a later step"
        kept = "declare what it was: volumes are not changed yet"
        found = moved(call.old, call.inputs, _IDENTITY, remedy) + moved(call.old, call.inputs, _VOLUME, kept)
        return Checked(call.inputs, unknown(call.inputs, _KNOWN) or found)

    async def drift(self, call: Call) -> Mapping[str, str]:
        """Nothing that an update could mend."""
        del call
        return {}

    async def create(self, call: Call) -> tuple[str, Properties]:
        """Record it."""
        return f"{call.inputs['namespace']}/{call.inputs['pod']}", _outputs(call.inputs)

    async def read(self, call: Call) -> Live | None:
        """It as it was recorded."""
        if not call.inputs:
            raise Failed("a StatefulSetMember is part of a StatefulSetCluster: it cannot be imported by itself")
        return Live(call.id, call.inputs, call.state)

    async def update(self, call: Call) -> Properties:
        """Record it."""
        return _outputs(call.inputs)

    async def delete(self, call: Call) -> None:
        """Wait until pod and claim are gone, and leave nothing in the channel that speaks of the member."""
        state = call.state
        try:
            volume_id = await published_volume(state["channel"], state["slot"])
        except ChannelUnavailable as problem:
            reason = f"which volume {state['slot']} has cannot be read: {problem}"
            raise Failed(Problem("channel", reason, "run it again when the channel answers")) from problem
        await _wait_until_gone(call)
        await forget(state["channel"], state["slot"], volume_id, volume_is_gone=True)


def _outputs(inputs: Properties) -> Properties:
    return inputs | {"objects": [f"pod/{inputs['pod']}", f"persistentvolumeclaim/{inputs['claim']}"]}


async def _wait_until_gone(call: Call) -> None:
    """Wait for the objects, saying what is waited for whenever that changes, and now and then."""
    until = time.monotonic() + (call.timeout or GONE_SECONDS)
    said, said_at = "", 0.0
    while left := await asyncio.to_thread(_left, call.state):
        if call.cancelled.is_set() or time.monotonic() >= until:
            ended = "cancelled" if call.cancelled.is_set() else "given up"
            raise Failed(Problem("objects", f"the wait was {ended}: {left}", _remedy(call.state)))
        if left != said or time.monotonic() - said_at >= REMIND:
            said, said_at = left, time.monotonic()
            await call.info(f"waiting for {left}")
        await _pause(call.cancelled)


async def _pause(cancelled: asyncio.Event) -> None:
    """Until the next look, or the user wants the wait to end."""
    stop = asyncio.ensure_future(cancelled.wait())
    await asyncio.wait({stop}, timeout=POLL)
    stop.cancel()


def _remedy(state: Properties) -> str:
    return f"see why with `kubectl -n {state['namespace']} describe` of them, and run it again"


def _left(state: Properties) -> str:
    """What of a member is still there, or why that cannot be told; empty where nothing is.

    Raises:
        Failed: what is reached is not the member's namespace.
    """
    import httpx2

    place = NamespacePlace(state["namespace"], state["kubeconfig"], state["context"], state["namespaceUid"])
    try:
        return ", ".join(_objects(place, state))
    except remote.Failed as problem:
        raise Failed(Problem("kubeconfig", str(problem))) from problem
    except httpx2.HTTPStatusError as problem:
        if problem.response.status_code < 500:
            reason = f"{place}: {problem.response.status_code} {problem.response.text[:200]}"
            raise Failed(Problem("context", reason, "allow get of pods, volume claims and the namespace")) from problem
    except httpx2.HTTPError:
        pass
    return f"the API server of {place}, which does not answer"


def _objects(place: NamespacePlace, state: Properties) -> list[str]:
    """Those of the member that are there."""
    namespace = f"/api/v1/namespaces/{place.namespace}"
    paths = {"pod": f"pods/{state['pod']}", "volume claim": f"persistentvolumeclaims/{state['claim']}"}
    with api_client(place, CONNECT_SECONDS, READ_SECONDS) as client:
        _refuse_another(client, namespace, place)
        there = {what: _get(client, f"{namespace}/{path}") for what, path in paths.items()}
    return [f"{what} {_describe(each)}" for what, each in there.items() if each is not None]


def _refuse_another(client: Client, path: str, place: NamespacePlace) -> None:
    found = _get(client, path)
    if found is None or found["metadata"]["uid"] != place.uid:
        seen = "there is no such namespace" if found is None else f"its UID is {found['metadata']['uid']}"
        remedy = f"name the context in which it has the UID {place.uid}; `pulumi state delete` forgets the member"
        raise Failed(Problem("context", f"{place}: {seen}", remedy))


def _get(client: Client, path: str) -> Properties | None:
    answer = client.get(path)
    if answer.status_code == 404:
        return None
    answer.raise_for_status()
    found: Properties = answer.json()
    return found


def _describe(found: Properties) -> str:
    metadata = found["metadata"]
    return f"{metadata['name']} ({'is being deleted' if 'deletionTimestamp' in metadata else 'is not being deleted'})"
