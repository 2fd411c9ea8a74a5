"""Another image for an agent beside its member, in place."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any

import httpx2
import pytest

from etcd_ops.agent.ports import PodOutcomeUnknown, TimeLeft
from etcd_ops.pod import own_container
from etcd_ops.pod.exchange import exchange
from etcd_ops.pod.own_container import OwnContainer
from etcd_ops.pod.places import AGENT_TEMPLATE, AGENT_TEMPLATE_ANNOTATION, TAKEN_BACK_ANNOTATION
from tests.standins.deadlines import ample, out_after

STATEFUL_SETS, PODS = "/apis/apps/v1/namespaces/n/statefulsets", "/api/v1/namespaces/n/pods"


def pod(agent: str, image: str) -> dict[str, Any]:
    containers = [{"name": "etcd", "image": "old"}, {"name": "agent", "image": image}]
    annotations = {AGENT_TEMPLATE_ANNOTATION: agent, "other": "kept"}
    return {"metadata": {"uid": "u-1", "annotations": annotations}, "spec": {"containers": containers}}


def stateful_set(agent: str, image: str) -> dict[str, Any]:
    return {"kind": "StatefulSet", "metadata": {"name": "c-a-1"}, "spec": {"template": pod(agent, image)}}


def test_image_and_what_the_agent_is_told_of_it_change_together_and_nothing_else() -> None:
    patch = exchange(stateful_set("two", "new"), pod("one", "old"), "two")
    assert patch == {
        "metadata": {"uid": "u-1", "annotations": {AGENT_TEMPLATE_ANNOTATION: "two", TAKEN_BACK_ANNOTATION: None}},
        "spec": {"containers": [{"name": "agent", "image": "new"}]},
    }


def test_one_that_was_exchanged_already_is_left_alone() -> None:
    assert exchange(stateful_set("two", "new"), pod("two", "new"), "two") is None


@pytest.mark.parametrize("half", [pod("two", "old"), pod("one", "new")])
def test_one_that_was_changed_by_hand_is_made_the_declared_one(half: dict[str, Any]) -> None:
    assert exchange(stateful_set("two", "new"), half, "two") is not None


def test_a_stateful_set_that_has_another_one_is_told() -> None:
    with pytest.raises(ValueError, match="StatefulSet c-a-1 has agent one, not two as declared: run `pulumi up`"):
        exchange(stateful_set("one", "old"), pod("one", "old"), "two")


def test_annotations_may_be_null() -> None:
    bare = stateful_set("two", "new")
    bare["spec"]["template"]["metadata"]["annotations"] = None
    with pytest.raises(ValueError, match="has agent unknown"):
        exchange(bare, pod("one", "old"), "two")


class Api:
    """Stands in for an API server that has one StatefulSet and one pod; keeps what was patched."""

    def __init__(self, known: dict[str, Any], status: int = 200, found: dict[str, Any] | None = None) -> None:
        self.known, self.status, self.pod = known, status, found or pod("one", "old")
        self.ended = 0
        self.lost: dict[str, Any] | None = None
        """The pod after a patch whose answer is lost; None where it is not."""
        self.patched: list[tuple[str, str, Any]] = []

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "PATCH":
            kind = request.headers["Content-Type"]
            self.patched.append((request.url.path, kind, json.loads(request.content)))
            if self.lost is not None:
                self.pod = self.lost
                raise httpx2.ReadTimeout("no answer")
            return httpx2.Response(self.status, json={})
        found = {f"{STATEFUL_SETS}/c-a-1": self.known, f"{PODS}/c-a-1-0": self.pod}
        return httpx2.Response(200, json=found[request.url.path])


def container(api: Api, monkeypatch: pytest.MonkeyPatch) -> OwnContainer:
    transport = httpx2.MockTransport(api.answer)
    client = partial(httpx2.Client, base_url="https://api", transport=transport)
    monkeypatch.setattr(own_container, "api_client", lambda *_: client())
    value = {"namespace": "n", "name": "c-a-1-0", "controller": "statefulsets/c-a-1"}

    def end() -> None:
        api.ended += 1

    return OwnContainer(value, {AGENT_TEMPLATE: "one"}, end)


def recreate(api: Api, monkeypatch: pytest.MonkeyPatch, left: TimeLeft = ample) -> None:
    own = container(api, monkeypatch)
    assert own.template() == "one"
    asyncio.run(own.recreate("two", left))


def test_only_the_agents_own_pod_is_patched(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(stateful_set("two", "new"))
    recreate(api, monkeypatch)
    [(path, kind, patch)] = api.patched
    assert (path, kind) == (f"{PODS}/c-a-1-0", "application/strategic-merge-patch+json")
    assert patch["metadata"]["uid"] == "u-1"
    assert api.ended == 0


@pytest.mark.parametrize(("found", "patches"), [(pod("one", "new"), 1), (pod("two", "new"), 0)])
def test_one_that_has_its_image_already_ends_to_learn_what_it_is(
    found: dict[str, Any], patches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where somebody edited the annotation: no kubelet starts a container for that, and it would ask for ever."""
    api = Api(stateful_set("two", "new"), found=found)
    recreate(api, monkeypatch)
    assert (len(api.patched), api.ended) == (patches, 1)


def test_nothing_is_patched_that_is_not_declared_there(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(stateful_set("one", "old"))
    with pytest.raises(OSError, match="the agent's image was not exchanged: StatefulSet c-a-1 has agent one"):
        recreate(api, monkeypatch)
    assert api.patched == []


def test_an_api_server_that_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError, match=r"was not exchanged.*403"):
        recreate(Api(stateful_set("two", "new"), status=403), monkeypatch)


@pytest.mark.parametrize(("after", "leaving"), [(pod("one", "old"), False), (pod("two", "new"), True)])
def test_after_a_lost_answer_the_pod_itself_tells(
    after: dict[str, Any], leaving: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = Api(stateful_set("two", "new"))
    api.lost = after
    own = container(api, monkeypatch)
    assert not asyncio.run(own.leaving())
    with pytest.raises(PodOutcomeUnknown):
        asyncio.run(own.recreate("two", ample))
    assert asyncio.run(own.leaving()) is leaving
    assert api.ended == 0


def test_a_patch_that_failed_in_the_server_may_have_taken_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PodOutcomeUnknown):
        recreate(Api(stateful_set("two", "new"), status=504), monkeypatch)


@pytest.mark.parametrize("looks", range(4))
def test_nothing_is_patched_once_no_time_is_left(looks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(stateful_set("two", "new"))
    with pytest.raises(OSError, match="ran out before it was sent"):
        recreate(api, monkeypatch, out_after(looks))
    assert (api.patched, api.ended) == ([], 0)
