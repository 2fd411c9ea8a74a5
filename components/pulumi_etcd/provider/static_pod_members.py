"""What StaticPodMember does: see a member off its node. What makes it are the Kubernetes objects beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar

from etcd_ops.model.problems import Problem
from pulumi_etcd.provider.agents_pods import agents_pods
from pulumi_etcd.provider.fixed import moved, unknown
from pulumi_etcd.provider.forgetting import forget, published_volume
from pulumi_etcd.provider.namespaces import Question, describe, get, last_words, wait
from pulumi_etcd.provider.ownership import refuse_foreign
from pulumi_etcd.provider.resource import Call, Checked, Failed, Live
from pulumi_etcd.provider.values import Properties
from pulumi_etcd.static_pods.pods import HOSTNAME_LABEL
from pulumi_etcd.static_pods.removal import removal_pod

if TYPE_CHECKING:
    from httpx2 import Client

_NEEDS = "get, list, create and delete of pods, get of the namespace, and list of nodes"
_IDENTITY = (
    "cluster", "slot", "name", "zone", "node", "address", "basePort", "namespace", "namespaceUid", "manifests", "file",
    "volumes", "runs",
)  # fmt: skip
_KNOWN = (*_IDENTITY, "agentFile", "urlPort", "channel", "kubeconfig", "context", "image")


class StaticPodMembers:
    """Created before everything else of a member, and deleted after it: only then nobody puts the static pod back."""

    replaces: ClassVar[frozenset[str]] = frozenset()

    async def check(self, call: Call) -> Checked:
        """Judge what names the member."""
        inputs = {"agentFile": "", "urlPort": 0, **call.inputs}
        remedy = "declare another slot, and drop this one in a later step"
        problems = unknown(inputs, _KNOWN) or moved(call.old, inputs, _IDENTITY, remedy)
        return Checked(inputs, problems or (*_other_agents(call.old, inputs), *_elsewhere(call.old, inputs)))

    async def drift(self, call: Call) -> Mapping[str, str]:
        """Nothing that an update could mend."""
        del call
        return {}

    async def create(self, call: Call) -> tuple[str, Properties]:
        """Record it, unless it is of a cluster that is somebody else's."""
        if not call.preview:
            await refuse_foreign(call)
        return f"{call.inputs['namespace']}/{call.inputs['name']}", call.inputs

    async def read(self, call: Call) -> Live | None:
        """It as it was recorded."""
        if not call.inputs:
            raise Failed("a StaticPodMember is part of a StaticPodCluster: it cannot be imported by itself")
        return Live(call.id, call.inputs, call.state)

    async def update(self, call: Call) -> Properties:
        """Record it."""
        return call.inputs

    async def delete(self, call: Call) -> None:
        """Wait for the agent to be gone, take the member off its node, and leave nothing of it in the channel."""
        state = call.state
        volume_id = await published_volume(state["channel"], state["slot"])
        if not state.get("agentFile"):
            await wait(call, state, _agents(state), _NEEDS)
        told: list[str] = []
        await wait(call, state, _removal(state, told), _NEEDS)
        for line in told:
            await call.info(line)
        await forget(state["channel"], state["slot"], volume_id, volume_is_gone=True)


def _other_agents(old: Properties, new: Properties) -> Iterator[Problem]:
    """Of one that a DaemonSet makes, nothing is known on the node, and the other way round."""
    if "agentFile" in old and bool(old["agentFile"]) != bool(new["agentFile"]):
        yield Problem("agent.kind", "cannot change", "declare another cluster, and migrate to it")


def _elsewhere(old: Properties, new: Properties) -> Iterator[Problem]:
    """A kubelet that finds a manifest in two places runs two pods."""
    if old and int(old.get("urlPort", 0)) != int(new["urlPort"]):
        yield Problem("manifestUrlPort", "cannot change", "declare another slot, and drop this one in a later step")


def _agents(state: Properties) -> Question:
    """Which pods of the member's agent are there."""

    def ask(client: Client, namespace: str) -> str:
        answer = agents_pods(client, namespace, state)
        return ", ".join(f"pod {describe(each)}" for each in answer.json()["items"])

    return ask


def _removal(state: Properties, told: list[str]) -> Question:
    """Whether the member was taken off its node; begins with that where nobody has.

    A node that the Kubernetes cluster has no more is nothing to wait for, which is told.
    """
    pod = removal_pod(state)
    name = pod["metadata"]["name"]

    def ask(client: Client, namespace: str) -> str:
        found = get(client, f"{namespace}/pods/{name}")
        if found is None and _is_gone(client, state["node"]):
            told.append(f"there is no node {state['node']} any more: what {state['slot']} has there was left alone")
            return ""
        if found is None:
            client.post(f"{namespace}/pods", json=pod).raise_for_status()
            return f"pod {name} to take {state['slot']} off node {state['node']}"
        phase = found["status"].get("phase", "Pending")
        if phase not in ("Succeeded", "Failed"):
            return f"pod {name} on node {state['node']}, which is {phase}"
        client.delete(f"{namespace}/pods/{name}").raise_for_status()
        if phase == "Failed":
            reason = f"{state['slot']} was not taken off node {state['node']}: {last_words(found)}"
            raise Failed(Problem("node", reason, "see to it there, and run it again"))
        return ""

    return ask


def _is_gone(client: Client, node: str) -> bool:
    answer = client.get("/api/v1/nodes", params={"labelSelector": f"{HOSTNAME_LABEL}={node}"})
    answer.raise_for_status()
    return not answer.json()["items"]
