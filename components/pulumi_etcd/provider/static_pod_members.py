"""What StaticPodMember does: see a member off its node. What makes it are the Kubernetes objects beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from etcd_ops.model.problems import Problem
from pulumi_etcd.provider.fixed import moved, unknown
from pulumi_etcd.provider.forgetting import forget, published_volume
from pulumi_etcd.provider.namespaces import SILENCE_SECONDS, is_silent, look, silence, wait
from pulumi_etcd.provider.node_zones import warn_of_another
from pulumi_etcd.provider.ownership import refuse_foreign
from pulumi_etcd.provider.resource import Call, Checked, Failed, Live
from pulumi_etcd.provider.static_pod_leftovers import removal_left, removal_there
from pulumi_etcd.provider.static_pod_removals import take_off
from pulumi_etcd.provider.values import Properties

_NEEDS = (
    "get, list, create and delete of pods, get of the namespace, list of nodes, and, where agents are static pods, "
    "delete of secrets"
)
_IDENTITY = (
    "cluster", "slot", "name", "zone", "node", "address", "basePort", "namespace", "namespaceUid", "manifests", "file",
    "volumes", "runs",
)  # fmt: skip
_KNOWN = (*_IDENTITY, "agentFile", "urlPort", "channel", "kubeconfig", "context", "image")


class StaticPodMembers:
    """Created before everything else of a member, and deleted after it: only then nobody puts the static pod back."""

    replaces: ClassVar[frozenset[str]] = frozenset()

    async def check(self, call: Call) -> Checked:
        """Judge what names the member, and warn where its node stands in another zone."""
        inputs = {"agentFile": "", "urlPort": 0, **call.inputs}
        remedy = "declare another slot, and drop this one in a later step"
        problems = unknown(inputs, _KNOWN) or moved(call.old, inputs, _IDENTITY, remedy)
        if not problems:
            await warn_of_another(call, inputs)
        return Checked(inputs, problems or (*_other_agents(call.old, inputs), *_elsewhere(call.old, inputs)))

    async def drift(self, call: Call) -> Mapping[str, str]:
        """Whether the pod of a removal that was given up or cut short is there, which would take the member off."""
        try:
            reason = await look(call.inputs, removal_there(call.inputs), _NEEDS)
        except Failed as problem:
            await _warn_of_unknown(call, str(problem))
            return {}
        if reason == silence(call.inputs):
            await _warn_of_unknown(call, reason)
            return {}
        return {"removal": reason} if reason else {}

    async def create(self, call: Call) -> tuple[str, Properties]:
        """Record it, unless it is of a cluster that is somebody else's; nothing may be about to remove it."""
        if not call.preview:
            await refuse_foreign(call)
            await _keep(call)
        return f"{call.inputs['namespace']}/{call.inputs['name']}", call.inputs

    async def read(self, call: Call) -> Live | None:
        """It as it was recorded."""
        if not call.inputs:
            raise Failed("a StaticPodMember is part of a StaticPodCluster: it cannot be imported by itself")
        return Live(call.id, call.inputs, call.state)

    async def update(self, call: Call) -> Properties:
        """Record it; nothing may be about to remove it."""
        if not call.preview:
            await _keep(call)
        return call.inputs

    async def delete(self, call: Call) -> None:
        """Wait for the agent to be gone, take the member off its node, and leave nothing of it in the channel."""
        state = call.state
        volume_id = await published_volume(state["channel"], state["slot"])
        await take_off(call, state, _NEEDS)
        await forget(state["channel"], state["slot"], volume_id, volume_is_gone=True)


def _other_agents(old: Properties, new: Properties) -> Iterator[Problem]:
    """Of one that a DaemonSet makes, nothing is known on the node, and the other way round."""
    if "agentFile" in old and bool(old["agentFile"]) != bool(new["agentFile"]):
        yield Problem("agent.kind", "cannot change", "declare another cluster, and migrate to it")


def _elsewhere(old: Properties, new: Properties) -> Iterator[Problem]:
    """A kubelet that finds a manifest in two places runs two pods."""
    if old and int(old.get("urlPort", 0)) != int(new["urlPort"]):
        yield Problem("manifestUrlPort", "cannot change", "declare another slot, and drop this one in a later step")


async def _keep(call: Call) -> None:
    """Wait until no pod of an earlier removal is left, before anything else of the member is made.

    An API server that does not answer may need what comes next, where agents are static pods.
    """
    inputs = call.inputs
    if inputs.get("agentFile") and await is_silent(call, inputs, SILENCE_SECONDS):
        await _warn_of_unknown(call, silence(inputs))
        return
    await wait(call, inputs, removal_left(inputs), _NEEDS)


async def _warn_of_unknown(call: Call, why: str) -> None:
    """No preview ends for that: nothing but what is left of an earlier removal was asked for."""
    await call.warn(f"{why}: whether a pod of an earlier removal is there is not known")
