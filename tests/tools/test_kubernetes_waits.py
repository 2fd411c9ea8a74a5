"""What the stand-in of the plugin kubernetes waits for, and how waiting ends."""

from __future__ import annotations

import threading
import time
from typing import Any

import httpx2
import pytest

from tests.tools.kubernetes_api import Server, api_of, ref_of
from tools.standins.kubernetes.readiness import problems
from tools.standins.kubernetes.waiting import DEFAULT, NotGone, Waiter, timeout_of

SLICES = "/apis/discovery.k8s.io/v1/namespaces/n/endpointslices"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
METADATA = {"name": "x", "namespace": "n", "uid": "1", "generation": 2}
SKIPPED = {**METADATA, "annotations": {"pulumi.com/skipAwait": "true"}}

DONE = {"observedGeneration": 2, "readyReplicas": 3, "currentRevision": "b", "updateRevision": "b"}
ROLLING = {**DONE, "currentRevision": "a"}


def stateful_set(status: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": METADATA, "spec": {"replicas": 3, **spec},
        "status": status,
    }  # fmt: skip


def core(kind: str, spec: dict[str, Any] | None = None, status: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": METADATA, "spec": spec or {}, "status": status or {}}


def slices(*ready: bool | None) -> dict[str, Any]:
    return {SLICES: {"items": [{"endpoints": [{"conditions": {"ready": each}} for each in ready]}]}}


SERVICE = core("Service", {"selector": {"a": "b"}})
CLAIM = core("PersistentVolumeClaim", {"storageClassName": "s"}, {"phase": "Pending"})
READY_POD = {"conditions": [{"type": "Ready", "status": "True"}]}


@pytest.mark.parametrize(
    ("live", "contents", "told"),
    [
        (stateful_set(DONE), {}, ""),
        (stateful_set({**DONE, "observedGeneration": 1}), {}, "no controller"),
        (stateful_set({**DONE, "readyReplicas": 2}), {}, "2 of 3 pods are ready"),
        (stateful_set(ROLLING), {}, "of the new version"),
        (stateful_set(ROLLING, updateStrategy={"type": "OnDelete"}), {}, ""),
        (stateful_set(ROLLING, updateStrategy={"rollingUpdate": {"partition": 1}}), {}, ""),
        ({**stateful_set({}), "metadata": SKIPPED}, {}, ""),
        (SERVICE, {}, "no ready endpoint"),
        (SERVICE, slices(False), "no ready endpoint"),
        (SERVICE, slices(False, True), ""),
        (SERVICE, slices(None), ""),
        (core("Service"), {}, ""),
        (core("Service", {"type": "ExternalName", "selector": {"a": "b"}}), {}, ""),
        (core("Service", {"type": "LoadBalancer"}), {}, "no load balancer"),
        (CLAIM, {}, "it is Pending"),
        (CLAIM, {CLASSES: {"items": [{"volumeBindingMode": "Immediate"}]}}, "it is Pending"),
        (CLAIM, {CLASSES: {"items": [{"volumeBindingMode": "WaitForFirstConsumer"}]}}, ""),
        (core("PersistentVolumeClaim", {}, {"phase": "Bound"}), {}, ""),
        (core("Pod", {}, {"phase": "Running"}), {}, "it is Running"),
        (core("Pod", {}, READY_POD), {}, ""),
        (core("Pod", {}, {"phase": "Succeeded"}), {}, ""),
        (core("ConfigMap"), {}, ""),
    ],
)
def test_what_is_ready(live: dict[str, Any], contents: dict[str, Any], told: str) -> None:
    found = "; ".join(problems(api_of(Server(contents)), live))
    assert told in found
    assert bool(found) is bool(told)


def waiter(server: Server) -> Waiter:
    return Waiter(api_of(server), poll=0.01)


def test_waiting_ends_when_the_object_is_ready() -> None:
    states = [core("Service", {"type": "LoadBalancer"})] * 2
    states.append(core("Service", {"type": "LoadBalancer"}, {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}))
    left = iter(states)
    server = Server(answer=lambda _request: httpx2.Response(200, json=next(left)))
    waiting = waiter(server)
    seen, reasons = waiting.until_ready(ref_of(waiting.api, "Service"), states[0], 5)
    assert (seen, reasons) == (states[-1], [])


def test_waiting_ends_with_the_timeout_and_tells_what_is_missing() -> None:
    server = Server(answer=lambda _request: httpx2.Response(200, json=core("Service", {"type": "LoadBalancer"})))
    waiting = waiter(server)
    seen, reasons = waiting.until_ready(ref_of(waiting.api, "Service"), {}, 0.05)
    assert seen["kind"] == "Service"
    assert reasons == ["no load balancer has been provided yet", "not within 0.05 s"]


def test_waiting_ends_when_it_is_cancelled() -> None:
    server = Server(answer=lambda _request: httpx2.Response(200, json=core("Service", {"type": "LoadBalancer"})))
    waiting = waiter(server)
    threading.Timer(0.05, waiting.cancelled.set).start()
    begun = time.monotonic()
    reasons = waiting.until_ready(ref_of(waiting.api, "Service"), {}, 60)[1]
    assert reasons[-1] == "cancelled"
    assert time.monotonic() - begun < 30


def test_an_object_that_is_deleted_meanwhile_does_not_get_ready() -> None:
    waiting = waiter(Server())
    assert "deleted meanwhile" in waiting.until_ready(ref_of(waiting.api), {}, 0.05)[1][0]


def test_waiting_goes_on_while_the_server_is_busy_and_ends_where_it_refuses() -> None:
    answers = iter([httpx2.Response(status, json={"message": text}) for status, text in ((503, "busy"), (403, "no"))])
    waiting = waiter(Server(answer=lambda _request: next(answers)))
    reasons = waiting.until_ready(ref_of(waiting.api), {}, 60)[1]
    assert "refused with 403: no" in reasons[-1]


def test_an_object_is_gone_when_it_is_not_there_or_another_is() -> None:
    another = {"metadata": {"uid": "2"}}
    left = iter([httpx2.Response(200, json={"metadata": {"uid": "1"}}), httpx2.Response(200, json=another)])
    server = Server(answer=lambda _request: next(left))
    waiting = waiter(server)
    waiting.until_gone(ref_of(waiting.api), "1", 5)
    assert next(left, None) is None
    waiting = waiter(Server())
    waiting.until_gone(ref_of(waiting.api), "1", 5)


def test_an_object_that_stays_is_told_with_what_keeps_it() -> None:
    kept = {"metadata": {"uid": "1", "finalizers": ["foregroundDeletion"]}}
    waiting = waiter(Server(answer=lambda _request: httpx2.Response(200, json=kept)))
    with pytest.raises(NotGone, match=r"ConfigMap n/x: .*not within 0.05 s.*foregroundDeletion"):
        waiting.until_gone(ref_of(waiting.api), "1", 0.05)


def test_how_long_is_waited() -> None:
    annotated = {"metadata": {"annotations": {"pulumi.com/timeoutSeconds": "5"}}}
    assert timeout_of(0, {}) == DEFAULT
    assert timeout_of(0, annotated) == 5
    assert timeout_of(7, annotated) == 7
