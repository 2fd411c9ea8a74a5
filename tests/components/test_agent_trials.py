"""Which pods' agents are on trial, and what they make way for."""

from __future__ import annotations

from typing import Any

import pytest

from etcd_ops.pod.places import AGENT_TEMPLATE_ANNOTATION, TAKEN_BACK, TAKEN_BACK_ANNOTATION, TEMPLATE_ANNOTATION
from pulumi_etcd.kubernetes.agent_trials import Before, on_trial
from pulumi_etcd.kubernetes.naming import SLOT_LABEL
from tests.rollout.samples import spec

OLD, NEW = "old", "new"
MEMBERS = {name: each.model_copy(update={"agent_template": NEW}) for name, each in spec().members.items()}
PUBLISHED = dict.fromkeys(MEMBERS, OLD)
RUNNING: dict[str, Any] = {"running": {}}
PULLED: dict[str, Any] = {"waiting": {"reason": "ContainerCreating"}}
UNPULLED: dict[str, Any] = {"waiting": {"reason": "ImagePullBackOff"}}
ETCD_RUNS: dict[str, Any] = {"name": "etcd", "state": RUNNING}


def pod(slot: str, template: str, *annotations: str, apart: bool = False, told: bool = True) -> dict[str, Any]:
    """With an agent of this template, and of an image of the same name.

    Args:
        slot: of its member.
        template: digest of its agent.
        annotations: names of further ones.
        apart: whether the agent has it for itself.
        told: whether its agent would know that it was taken back.
    """
    digests = {TEMPLATE_ANNOTATION: template if apart else "pod"}
    if not apart:
        digests[AGENT_TEMPLATE_ANNOTATION] = template
    env = [{"name": TAKEN_BACK}] if told else []
    agent: dict[str, Any] = {"name": "agent", "image": f"image-{template}", "env": env}
    etcd: list[dict[str, Any]] = [] if apart else [{"name": "etcd", "image": "image"}]
    states = [{"name": each["name"], "state": RUNNING} for each in (*etcd, agent)]
    return {
        "metadata": {
            "name": f"demo-{slot}-0",
            "uid": slot,
            "labels": {SLOT_LABEL: slot},
            "annotations": digests | dict.fromkeys(annotations, "said"),
        },
        "spec": {"containers": [*etcd, agent]},
        "status": {"containerStatuses": states},
    }


def others(*, apart: bool = False) -> list[dict[str, Any]]:
    return [pod(slot, OLD, apart=apart) for slot in ("m1", "m2")]


@pytest.mark.parametrize("apart", [True, False])
def test_a_declared_agent_is_on_trial_until_it_has_published(apart: bool) -> None:
    pods = [pod("m0", NEW, apart=apart), *others(apart=apart)]
    (trial,) = on_trial(pods, MEMBERS, PUBLISHED)
    assert (trial.name, trial.before) == ("demo-m0-0", Before(OLD, f"image-{OLD}"))
    assert on_trial(pods, MEMBERS, {**PUBLISHED, "m0": NEW}) == []


@pytest.mark.parametrize("kind", ["containerStatuses", "initContainerStatuses"])
def test_an_agent_that_cannot_begin_is_on_trial_as_well(kind: str) -> None:
    """Where the pod is its own, what prepares the volume is of its image, too."""
    tried = pod("m0", NEW, apart=True)
    tried["status"] = {kind: [{"name": "provide", "state": UNPULLED}]}
    assert len(on_trial([tried, *others(apart=True)], MEMBERS, PUBLISHED)) == 1


def test_trials_of_one_pod_are_told_apart_by_the_image() -> None:
    identities = {
        on_trial([pod("m0", template), *others()], declared(template), PUBLISHED)[0].identity
        for template in (NEW, "newer")
    }
    assert len(identities) == 2


def declared(template: str) -> dict[str, Any]:
    return {slot: each.model_copy(update={"agent_template": template}) for slot, each in MEMBERS.items()}


@pytest.mark.parametrize(
    "tried",
    [
        pod("m0", OLD),
        pod("gone", NEW),
        pod("m0", NEW, told=False),
        pod("m0", NEW, TAKEN_BACK_ANNOTATION),
        pod("m0", NEW, "kubernetes.io/config.mirror"),
        {**pod("m0", NEW), "metadata": {**pod("m0", NEW)["metadata"], "deletionTimestamp": "now"}},
        {**pod("m0", NEW), "status": {"containerStatuses": [{"name": "agent", "state": RUNNING}]}},
        {**pod("m0", NEW), "status": {"containerStatuses": [ETCD_RUNS, {"name": "agent", "state": PULLED}]}},
        {**pod("m0", NEW), "spec": {"containers": [{"name": "etcd", "image": "image"}]}},
    ],
    ids=[
        "another is declared", "not declared", "cannot be told", "was taken back", "of a file", "ends",
        "etcd does not run", "its image is on its way", "no agent",
    ],
)  # fmt: skip
def test_what_cannot_be_taken_back_is_on_no_trial(tried: dict[str, Any]) -> None:
    assert on_trial([tried, *others()], MEMBERS, PUBLISHED) == []


def test_an_agent_that_never_published_is_on_no_trial() -> None:
    """As at a first start: there is nothing that worked in its place."""
    known = {slot: PUBLISHED[slot] for slot in ("m1", "m2")}
    assert on_trial([pod("m0", NEW), *others()], MEMBERS, known) == []


@pytest.mark.parametrize(
    ("pods", "published"),
    [
        ([pod("m0", NEW)], PUBLISHED),
        ([pod("m0", NEW), pod("m1", NEW)], {**PUBLISHED, "m1": NEW}),
        ([pod("m0", NEW), pod("m1", "older")], PUBLISHED),
        ([pod("m0", NEW), pod("m1", OLD, told=False)], PUBLISHED),
    ],
    ids=["no other", "of the same image", "that one has published nothing, either", "that one would not know"],
)
def test_without_another_agent_that_works_nothing_is_taken_back(
    pods: list[dict[str, Any]], published: dict[str, str]
) -> None:
    assert on_trial(pods, MEMBERS, published) == []


def test_a_later_agent_makes_way_as_the_first_does() -> None:
    pods = [pod("m0", NEW), pod("m1", NEW), pod("m2", OLD)]
    (trial,) = on_trial(pods, MEMBERS, {**PUBLISHED, "m0": NEW})
    assert (trial.name, trial.before) == ("demo-m1-0", Before(OLD, f"image-{OLD}"))
