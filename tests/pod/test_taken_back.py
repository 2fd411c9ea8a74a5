"""An image of the agent that was taken back: the pod as it is patched, and as its agent knows it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.pod.own_agent_pod import OwnAgentPod
from etcd_ops.pod.places import (
    AGENT_TEMPLATE_ANNOTATION,
    POD,
    TAKEN_BACK,
    TAKEN_BACK_ANNOTATION,
    TEMPLATE,
    TEMPLATE_ANNOTATION,
)
from etcd_ops.pod.taken_back import TakenBack, take_back

ETCD, OLD, NEW = "etcd-image", "old", "new"
FOR = TakenBack("d" * 64, "ImagePullBackOff")


def pod(annotations: dict[str, str], containers: dict[str, str], prepared: dict[str, str]) -> dict[str, Any]:
    spec = {
        kind: [{"name": name, "image": image} for name, image in images.items()]
        for kind, images in (("initContainers", prepared), ("containers", containers))
    }
    return {"metadata": {"uid": "u-1", "annotations": annotations}, "spec": spec}


def test_beside_etcd_the_agent_alone_is_another_one_and_is_told_which() -> None:
    """Its pod was prepared by the image before it, and is not prepared again."""
    known = {TEMPLATE_ANNOTATION: "pod", AGENT_TEMPLATE_ANNOTATION: "two"}
    beside = pod(known, {"etcd": OLD, "agent": NEW}, {"provide": OLD, "etcd-program": ETCD})
    assert take_back(beside, "one", OLD, FOR) == {
        "metadata": {
            "uid": "u-1",
            "annotations": {TAKEN_BACK_ANNOTATION: f"{FOR.digest} ImagePullBackOff", AGENT_TEMPLATE_ANNOTATION: "one"},
        },
        "spec": {"containers": [{"name": "agent", "image": OLD}]},
    }


def test_a_pod_of_the_agents_own_is_prepared_by_the_image_before_it_too() -> None:
    own = pod({TEMPLATE_ANNOTATION: "two"}, {"agent": NEW}, {"provide": NEW, "etcd-program": ETCD})
    assert take_back(own, "one", OLD, FOR) == {
        "metadata": {"uid": "u-1", "annotations": {TAKEN_BACK_ANNOTATION: f"{FOR.digest} ImagePullBackOff"}},
        "spec": {
            "initContainers": [{"name": "provide", "image": OLD}],
            "containers": [{"name": "agent", "image": OLD}],
        },
    }


@given(st.from_regex("[0-9a-f]{64}", fullmatch=True), st.text())
def test_an_agent_reads_what_its_pod_was_told(digest: str, reason: str) -> None:
    """On one line."""
    told = TakenBack(digest, reason)
    assert TakenBack.of({TAKEN_BACK: str(told)}) == TakenBack(digest, " ".join(reason.split()))


def test_nothing_was_taken_back_where_nothing_says_so() -> None:
    for environment in ({}, {TAKEN_BACK: ""}):
        assert TakenBack.of(environment).digest == ""


def test_a_pod_whose_image_was_taken_back_is_of_no_declared_template() -> None:
    """Its template's digest is a constant of the DaemonSet's: it would pass for the declared pod, and others follow."""
    value = {"namespace": "n", "controller": "daemonsets/c-a-1"}
    known = {TEMPLATE: "two", POD: "p"}
    assert OwnAgentPod(value, {**known, TAKEN_BACK: ""}).template() == "two"
    assert OwnAgentPod(value, {**known, TAKEN_BACK: str(FOR)}).template() not in ("", "one", "two")
