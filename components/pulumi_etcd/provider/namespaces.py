"""What is in a namespace of a Kubernetes cluster, asked until it is as it should be."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from etcd_ops.channel import remote
from etcd_ops.channel.kubernetes_objects import NamespacePlace, api_client
from etcd_ops.model.problems import Problem
from pulumi_etcd.provider.resource import Call, Failed
from pulumi_etcd.provider.values import Properties
from pulumi_etcd.static_pods.pods import HOSTNAME_LABEL

if TYPE_CHECKING:
    from httpx2 import Client

WAIT_SECONDS = 600.0
"""For what is waited for, where the resource's own timeout says nothing."""
POLL = 1.0
REMIND = 30.0
"""Seconds after which what is still waited for is said again."""
SILENCE_SECONDS = 30.0
"""After which an API server that does not answer is taken for one that needs what is declared."""
CONNECT_SECONDS, READ_SECONDS = 3.0, 5.0

Question = Callable[["Client", str], str]
"""From a client and the namespace's path to what is still to happen; empty where nothing is."""


async def wait(call: Call, place: Properties, question: Question, needs: str) -> None:
    """Wait until nothing is left to happen, saying what that is whenever it changes, and now and then.

    Args:
        call: of the resource.
        place: has `namespace`, `namespaceUid`, `kubeconfig` and `context`.
        question: what is asked.
        needs: what whoever runs Pulumi must be allowed, in words.

    Raises:
        Failed: it took too long, or the user wants the wait to end, or what is reached is not that namespace.
    """
    until = time.monotonic() + (call.timeout or WAIT_SECONDS)
    said, said_at = "", 0.0
    while left := await look(place, question, needs):
        if call.cancelled.is_set() or time.monotonic() >= until:
            ended = "cancelled" if call.cancelled.is_set() else "given up"
            raise Failed(Problem("objects", f"the wait was {ended}: {left}", _remedy(place)))
        if left != said or time.monotonic() - said_at >= REMIND:
            said, said_at = left, time.monotonic()
            await call.info(f"waiting for {left}")
        await _pause(call.cancelled)


async def is_silent(call: Call, place: Properties, seconds: float) -> bool:
    """Whether the API server does not answer for so long; ends as soon as it does, or the user wants it to end.

    Args:
        call: may be cancelled.
        place: as of `wait`.
        seconds: how long.

    Raises:
        Failed: what is reached is not that namespace.
    """
    until = time.monotonic() + seconds
    while await look(place, _nothing, "get of the namespace"):
        if call.cancelled.is_set() or time.monotonic() >= until:
            return not call.cancelled.is_set()
        await _pause(call.cancelled)
    return False


async def look(place: Properties, question: Question, needs: str) -> str:
    """Ask once: what is still to happen, or that nobody answers; empty where nothing is.

    Args:
        place: has `namespace`, `namespaceUid`, `kubeconfig` and `context`.
        question: what is asked.
        needs: what whoever runs Pulumi must be allowed, in words.

    Raises:
        Failed: what is reached is not that namespace, or may not be asked.
    """
    return await asyncio.to_thread(_ask, place, question, needs)


def get(client: Client, path: str) -> Properties | None:
    """An object; None where there is none.

    Raises:
        httpx2.HTTPError
    """
    answer = client.get(path)
    if answer.status_code == 404:
        return None
    answer.raise_for_status()
    found: Properties = answer.json()
    return found


def remove(client: Client, path: str, uid: str = "", version: str = "") -> None:
    """Have an object deleted; one that is gone, or another one than is meant, is none.

    Args:
        client: of the API server.
        path: the object's.
        uid: of the one that is meant; empty for whichever there is.
        version: of it, as it was seen; empty for whatever became of it since.

    Raises:
        httpx2.HTTPError
    """
    preconditions = {"uid": uid} | ({"resourceVersion": version} if version else {})
    only = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions}
    answer = client.request("DELETE", path, json=only if uid else None)
    if answer.status_code != 404 and not (uid and answer.status_code == 409):
        answer.raise_for_status()


def nodes(client: Client, hostname: str) -> list[Properties]:
    """The nodes with a label `kubernetes.io/hostname`: one, or none.

    Raises:
        httpx2.HTTPError
    """
    answer = client.get("/api/v1/nodes", params={"labelSelector": f"{HOSTNAME_LABEL}={hostname}"})
    answer.raise_for_status()
    found: list[Properties] = answer.json()["items"]
    return found


def describe(found: Properties) -> str:
    """An object that should not be there any more."""
    metadata = found["metadata"]
    return f"{metadata['name']} ({'is being deleted' if 'deletionTimestamp' in metadata else 'is not being deleted'})"


def last_words(pod: Properties) -> str:
    """What the containers of a pod that has ended said last."""
    ends = (each.get("state", {}).get("terminated", {}) for each in pod["status"].get("containerStatuses", ()))
    told = [str(each.get("message") or each.get("reason") or "").strip() for each in ends]
    return "; ".join(filter(None, told)) or str(pod["status"].get("reason", "it did not say why"))


def _nothing(client: Client, namespace: str) -> str:
    """A question that is answered as soon as anything is."""
    del client, namespace
    return ""


async def _pause(cancelled: asyncio.Event) -> None:
    """Until the next look, or the user wants the wait to end."""
    stop = asyncio.ensure_future(cancelled.wait())
    await asyncio.wait({stop}, timeout=POLL)
    stop.cancel()


def _remedy(place: Properties) -> str:
    return f"see why with `kubectl -n {place['namespace']} describe` of them, and run it again"


def _ask(where: Properties, question: Question, needs: str) -> str:
    import httpx2

    place = _place(where)
    path = f"/api/v1/namespaces/{place.namespace}"
    try:
        with api_client(place, CONNECT_SECONDS, READ_SECONDS) as client:
            _refuse_another(client, path, place)
            return question(client, path)
    except remote.Failed as problem:
        raise Failed(Problem("kubeconfig", str(problem))) from problem
    except httpx2.HTTPStatusError as problem:
        if problem.response.status_code < 500:
            reason = f"{place}: {problem.response.status_code} {problem.response.text[:200]}"
            raise Failed(Problem("context", reason, f"allow {needs}")) from problem
    except httpx2.HTTPError:
        pass
    return silence(where)


def silence(place: Properties) -> str:
    """What is answered where the API server does not."""
    return f"the API server of {_place(place)}, which does not answer"


def _place(state: Properties) -> NamespacePlace:
    return NamespacePlace(state["namespace"], state["kubeconfig"], state["context"], state["namespaceUid"])


def _refuse_another(client: Client, path: str, place: NamespacePlace) -> None:
    found = get(client, path)
    if found is None or found["metadata"]["uid"] != place.uid:
        seen = "there is no such namespace" if found is None else f"its UID is {found['metadata']['uid']}"
        remedy = f"name the context in which it has the UID {place.uid}; `pulumi state delete` forgets the member"
        raise Failed(Problem("context", f"{place}: {seen}", remedy))
