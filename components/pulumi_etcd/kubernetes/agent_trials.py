"""Pods whose agent is of the declared image and has published nothing yet, as the API server has them: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from etcd_ops.model.spec import MemberSpec
from etcd_ops.pod import places
from pulumi_etcd.kubernetes.naming import SLOT_LABEL
from pulumi_etcd.kubernetes.pod_states import failure, is_mirror, runs, runs_etcd

Published = Mapping[str, str]
"""By slot: digest of the template of its agent, as the newest status says."""


class Before(NamedTuple):
    """An agent that works."""

    template: str
    image: str


class Trial(NamedTuple):
    """A pod whose agent is on trial."""

    pod: Mapping[str, Any]
    before: Before
    """What it makes way for, where it publishes nothing: the agent of another member, which has published."""

    @property
    def name(self) -> str:
        """Of the pod."""
        return str(self.pod["metadata"]["name"])

    @property
    def identity(self) -> tuple[str, str]:
        """Tells this trial from another one, of another pod or of another image."""
        return self.pod["metadata"]["uid"], _agent(self.pod)["image"]


def on_trial(pods: Iterable[Mapping[str, Any]], members: Mapping[str, MemberSpec], published: Published) -> list[Trial]:
    """The pods whose agent is the declared one and has begun or failed, while the status is still of the one before.

    An image that is on its way is not on trial yet. Left out is where nothing could be taken back: beside an etcd that
    does not run, in a pod of an earlier release, which could not tell its agent, in one that a kubelet runs from a
    file, and where no agent that could be told is of another image.

    Args:
        pods: of one cluster.
        members: the declared ones, by slot.
        published: by the agents.
    """
    known = [each for each in pods if _is_agents(each, members)]
    tried = [each for each in known if _is_tried(each, members, published)]
    return [Trial(pod, before) for pod in tried if (before := _before(pod, known, published)) is not None]


def _is_agents(pod: Mapping[str, Any], members: Mapping[str, MemberSpec]) -> bool:
    """It has the agent of a declared member, which would know that its image was taken back, and stays."""
    metadata = pod["metadata"]
    apart = is_mirror(pod) or "deletionTimestamp" in metadata
    told = any(each["name"] == places.TAKEN_BACK for each in _agent(pod).get("env", ()))
    return not apart and told and _slot(pod) in members and bool(_template(pod))


def _is_tried(pod: Mapping[str, Any], members: Mapping[str, MemberSpec], published: Published) -> bool:
    declared, slot, annotations = members[_slot(pod)].agent_template, _slot(pod), pod["metadata"]["annotations"]
    if _template(pod) != declared or published.get(slot, declared) == declared:
        return False
    beside_etcd = places.AGENT_TEMPLATE_ANNOTATION in annotations
    begun = bool(failure(pod)) or runs(pod, places.AGENT_CONTAINER)
    return begun and places.TAKEN_BACK_ANNOTATION not in annotations and (runs_etcd(pod) or not beside_etcd)


def _before(tried: Mapping[str, Any], pods: Iterable[Mapping[str, Any]], published: Published) -> Before | None:
    """The agent of another member that has published, and is not of the image that is tried."""
    for pod in sorted(pods, key=_slot):
        image = str(_agent(pod)["image"])
        if published.get(_slot(pod)) == _template(pod) and image != _agent(tried)["image"]:
            return Before(_template(pod), image)
    return None


def _slot(pod: Mapping[str, Any]) -> str:
    return str(pod["metadata"].get("labels", {}).get(SLOT_LABEL, ""))


def _template(pod: Mapping[str, Any]) -> str:
    """Digest of its agent's template, which is its own where it has nothing but the agent."""
    annotations = pod["metadata"].get("annotations", {})
    return str(annotations.get(places.AGENT_TEMPLATE_ANNOTATION) or annotations.get(places.TEMPLATE_ANNOTATION, ""))


def _agent(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    found = (each for each in pod["spec"]["containers"] if each["name"] == places.AGENT_CONTAINER)
    return next(found, {})
