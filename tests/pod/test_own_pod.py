"""When a pod may be deleted, so that the declared one takes its place."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import pytest

from etcd_ops.pod import own_pod
from etcd_ops.pod.own_pod import unready


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


class Api:
    """Stands in for an API server that has one StatefulSet and one pod; keeps what was deleted."""

    def __init__(self, stateful_set: dict[str, Any], uid: str = "first") -> None:
        self.stateful_set, self.uid = stateful_set, uid
        self.deleted: list[Any] = []

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "DELETE":
            self.deleted.append((request.url.path, json.loads(request.content)))
            return httpx2.Response(200, json={})
        if request.url.path == "/apis/apps/v1/namespaces/n/statefulsets/c-a-1":
            return httpx2.Response(200, json=self.stateful_set)
        if request.url.path == "/api/v1/namespaces/n/pods/c-a-1-0":
            return httpx2.Response(200, json={"metadata": {"name": "c-a-1-0", "uid": self.uid}})
        return httpx2.Response(404)


def recreate(api: Api, monkeypatch: pytest.MonkeyPatch, template: str = "new") -> None:
    client = httpx2.Client(base_url="https://api", transport=httpx2.MockTransport(api.answer))
    monkeypatch.setattr(own_pod, "api_client", lambda *_: client)
    pod = own_pod.OwnPod({"namespace": "n", "name": "c-a-1-0", "controller": "statefulsets/c-a-1"})
    asyncio.run(pod.recreate(template))


def test_only_this_very_pod_is_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The API server refuses where another pod has the name by then."""
    api = Api(stateful_set("new"), uid="u-1")
    recreate(api, monkeypatch)
    [(path, options)] = api.deleted
    assert path == "/api/v1/namespaces/n/pods/c-a-1-0"
    assert options["preconditions"] == {"uid": "u-1"}


def test_nothing_is_deleted_that_would_come_back_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(stateful_set("old"))
    with pytest.raises(OSError, match="not of new as declared: run `pulumi up`"):
        recreate(api, monkeypatch)
    assert api.deleted == []


def test_an_api_server_that_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(stateful_set("new"))
    monkeypatch.setattr(api, "answer", lambda _: httpx2.Response(403))
    with pytest.raises(OSError, match="the pod was not made anew"):
        recreate(api, monkeypatch)
