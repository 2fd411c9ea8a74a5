"""When a pod may be deleted, so that the declared one takes its place."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from etcd_ops.agent.ports import PodOutcomeUnknown, TimeLeft
from etcd_ops.pod import own_pod
from etcd_ops.pod.own_pod import OwnPod, unready
from tests.standins.deadlines import ample, out_after


def stateful_set(template: str | None, generation: int = 2, observed: int | None = 2) -> dict[str, Any]:
    annotations = {} if template is None else {"pulumi-etcd.dev/template": template}
    return {
        "kind": "StatefulSet",
        "metadata": {"name": "c-a-1", "generation": generation},
        "spec": {"template": {"metadata": {"annotations": annotations}}},
        "status": {} if observed is None else {"observedGeneration": observed},
    }


def test_one_that_makes_the_declared_pod_is_ready() -> None:
    assert unready(stateful_set("new"), "new") == ""


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (stateful_set("old"), "makes pods of template old, not of new"),
        (stateful_set(None), "makes pods of template unknown"),
        (stateful_set("new", observed=1), "its controller has not seen that yet"),
        (stateful_set("new", observed=None), "its controller has not seen that yet"),
    ],
)
def test_anything_else_would_make_another_pod(found: dict[str, Any], reason: str) -> None:
    assert reason in unready(found, "new")


def test_annotations_may_be_null() -> None:
    found = stateful_set("new")
    found["spec"]["template"]["metadata"]["annotations"] = None
    assert "unknown" in unready(found, "new")


Answer = httpx2.Response | Exception


class Api:
    """Stands in for an API server that has one StatefulSet and one pod; keeps what was deleted."""

    def __init__(self, stateful_set: dict[str, Any], uid: str = "first") -> None:
        self.stateful_set = stateful_set
        self.pod: dict[str, Any] = {"metadata": {"name": "c-a-1-0", "uid": uid}}
        self.deleted: list[Any] = []
        self.does: Callable[[], None] = self.mark
        """What a deletion does."""
        self.to_delete: Answer = httpx2.Response(200, json={})
        """Its answer."""
        self.down: Answer | None = None
        """The answer to everything else; None while it is up."""

    def mark(self) -> None:
        """The pod is to go, and its kubelet has yet to end it."""
        self.pod["metadata"]["deletionTimestamp"] = "2030-01-01T00:00:00Z"

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "DELETE":
            self.deleted.append((request.url.path, json.loads(request.content)))
            self.does()
            return given(self.to_delete)
        if self.down is not None:
            return given(self.down)
        if request.url.path == "/apis/apps/v1/namespaces/n/statefulsets/c-a-1":
            return httpx2.Response(200, json=self.stateful_set)
        if request.url.path == "/api/v1/namespaces/n/pods/c-a-1-0" and self.pod:
            return httpx2.Response(200, json=self.pod)
        return httpx2.Response(404)


def given(answer: Answer) -> httpx2.Response:
    if isinstance(answer, Exception):
        raise answer
    return answer


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    found = Api(stateful_set("new"), uid="u-1")

    def client(*_: object) -> httpx2.Client:
        return httpx2.Client(base_url="https://api", transport=httpx2.MockTransport(found.answer))

    monkeypatch.setattr(own_pod, "api_client", client)
    return found


@pytest.fixture
def pod() -> OwnPod:
    return OwnPod({"namespace": "n", "name": "c-a-1-0", "controller": "statefulsets/c-a-1"})


def recreate(pod: OwnPod, left: TimeLeft = ample) -> None:
    asyncio.run(pod.recreate("new", left))


def leaving(pod: OwnPod) -> bool:
    return asyncio.run(pod.leaving())


def test_only_this_very_pod_is_deleted(api: Api, pod: OwnPod) -> None:
    """The API server refuses where another pod has the name by then."""
    assert not leaving(pod)
    recreate(pod)
    [(path, options)] = api.deleted
    assert path == "/api/v1/namespaces/n/pods/c-a-1-0"
    assert options["preconditions"] == {"uid": "u-1"}
    assert leaving(pod)


def test_nothing_is_deleted_that_would_come_back_as_it_was(api: Api, pod: OwnPod) -> None:
    api.stateful_set = stateful_set("old")
    with pytest.raises(OSError, match="not of new as declared: run `pulumi up`"):
        recreate(pod)
    assert api.deleted == []


@pytest.mark.parametrize("status", [401, 403, 409, 429])
def test_an_api_server_that_refuses_is_told(api: Api, pod: OwnPod, status: int) -> None:
    api.does, api.to_delete = (lambda: None), httpx2.Response(status)
    with pytest.raises(OSError, match="the pod was not made anew"):
        recreate(pod)
    assert not leaving(pod)
    api.down = httpx2.Response(status)
    with pytest.raises(OSError, match="the pod was not made anew"):
        recreate(pod)


@pytest.mark.parametrize("problem", [httpx2.ConnectError("no route"), httpx2.ConnectTimeout("no answer")])
def test_what_was_never_sent_did_not_happen(api: Api, pod: OwnPod, problem: Exception) -> None:
    api.does, api.to_delete = (lambda: None), problem
    with pytest.raises(OSError, match="the pod was not made anew"):
        recreate(pod)
    assert not leaving(pod)


LOST = [
    httpx2.ReadTimeout("no answer"),
    httpx2.WriteTimeout("no answer"),
    httpx2.RemoteProtocolError("disconnected"),
    httpx2.Response(500),
    httpx2.Response(504),
]


@pytest.mark.parametrize("answer", LOST)
def test_after_a_lost_answer_the_pod_itself_tells(api: Api, pod: OwnPod, answer: Answer) -> None:
    """A deletion may have taken effect, and its member serves until the kubelet acts."""
    api.to_delete = answer
    with pytest.raises(PodOutcomeUnknown):
        recreate(pod)
    assert leaving(pod)
    recreate(pod)
    assert len(api.deleted) == 1
    assert leaving(pod)


@pytest.mark.parametrize("answer", LOST)
def test_a_deletion_that_did_not_happen_is_asked_for_again(api: Api, pod: OwnPod, answer: Answer) -> None:
    api.does, api.to_delete = (lambda: None), answer
    with pytest.raises(PodOutcomeUnknown):
        recreate(pod)
    assert not leaving(pod)
    api.does, api.to_delete = api.mark, httpx2.Response(200)
    recreate(pod)
    assert leaving(pod)


@pytest.mark.parametrize("down", [httpx2.ReadTimeout("no answer"), httpx2.ConnectError("no route"), *LOST[3:]])
def test_what_became_of_a_deletion_stays_unknown_while_nobody_tells(api: Api, pod: OwnPod, down: Answer) -> None:
    api.to_delete, api.down = httpx2.ReadTimeout("no answer"), None
    with pytest.raises(PodOutcomeUnknown):
        recreate(pod)
    api.down = down
    assert leaving(pod)
    with pytest.raises(PodOutcomeUnknown):
        recreate(pod)
    assert leaving(pod)


@pytest.mark.parametrize("successor", [{}, {"metadata": {"name": "c-a-1-0", "uid": "u-2"}}])
def test_a_pod_that_is_gone_was_to_go_and_its_successor_stays(api: Api, pod: OwnPod, successor: dict[str, Any]) -> None:
    api.to_delete = httpx2.ReadTimeout("no answer")
    with pytest.raises(PodOutcomeUnknown):
        recreate(pod)
    api.pod = successor
    assert leaving(pod)
    if successor:
        recreate(pod)
    assert len(api.deleted) == 1


def test_a_pod_that_somebody_else_deleted_is_not_deleted_again(api: Api, pod: OwnPod) -> None:
    api.mark()
    recreate(pod)
    assert api.deleted == []
    assert leaving(pod)


@pytest.mark.parametrize("looks", range(4))
def test_nothing_is_deleted_once_no_time_is_left(api: Api, pod: OwnPod, looks: int) -> None:
    """An agent that stood still between two calls no longer has the lock."""
    with pytest.raises(OSError, match="ran out before it was sent"):
        recreate(pod, out_after(looks))
    assert api.deleted == []
    assert not leaving(pod)
    recreate(pod, out_after(4))
    assert len(api.deleted) == 1


def test_no_call_outlives_the_time_that_is_left(api: Api, pod: OwnPod, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []
    answer = api.answer

    def noted(request: httpx2.Request) -> httpx2.Response:
        seen.extend(request.extensions["timeout"].values())
        return answer(request)

    monkeypatch.setattr(api, "answer", noted)
    recreate(pod, lambda: 0.7)
    assert len(seen) == 12
    assert max(seen) == 0.7


def test_an_answer_that_trickles_in_is_not_waited_for(api: Api, pod: OwnPod) -> None:
    done = threading.Event()

    def slowly() -> None:
        api.mark()
        done.wait(5.0)

    api.does = slowly
    until = time.monotonic() + 0.3

    async def body() -> None:
        with pytest.raises(PodOutcomeUnknown):
            await pod.recreate("new", lambda: until - time.monotonic())
        assert await pod.leaving()
        done.set()

    asyncio.run(body())
