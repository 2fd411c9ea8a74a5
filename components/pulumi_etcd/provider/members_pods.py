"""The pods of a cluster's members while a rollout waits: why they do not come up, and making way for declared ones.

A pod that does not come up has no agent that would have it made anew, and what made it does not do so by itself. Where
etcd runs in it, its agent alone is exchanged. A declared agent that publishes nothing makes way for the one before it.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from etcd_ops.channel.port import Channel, ChannelUnavailable
from etcd_ops.model.spec import ClusterSpec, Mode
from etcd_ops.pod.exchange import exchange
from etcd_ops.rollout.contents import read_statuses
from pulumi_etcd.kubernetes.agent_trials import Published
from pulumi_etcd.kubernetes.naming import INSTANCE_LABEL
from pulumi_etcd.kubernetes.pod_states import StuckPod, stuck_pods
from pulumi_etcd.provider.agent_trials import AgentTrials
from pulumi_etcd.provider.namespaces import get, look, remove
from pulumi_etcd.provider.patching import patch_pod
from pulumi_etcd.provider.resource import Call, Failed
from pulumi_etcd.provider.values import Properties

if TYPE_CHECKING:
    from httpx2 import Client

LOOK_SECONDS = 5.0
"""Between two looks at the pods."""
_NEEDS = "get, list, patch and delete of pods, and get of StatefulSets and of the namespace"


class MembersPods:
    """Of a cluster that says where they are; of others nothing is known here.

    Args:
        call: of the Rollout.
        channel: tells what agents have published.
        document: digest of the document that is rolled out.
        spec: what that declares.
    """

    def __init__(self, call: Call, channel: Channel, document: str, spec: ClusterSpec) -> None:
        self._call, self._channel, self._spec = call, channel, spec
        self._trials = AgentTrials(document, spec)
        self._place: Properties = call.inputs["pods"]
        self._said: set[str] = set()
        self.reasons: tuple[str, ...] = ()
        """Which do not come up, as of the last look."""

    async def attend(self) -> None:
        """Look again and again, until cancelled: say what is new, and let what is declared take the place of the rest.

        The latter only in a cluster that is not left alone.
        """
        while self._place:
            done: list[str] = []
            try:
                await look(self._place, partial(self._look, done, await self._published()), _NEEDS)
            except Failed as problem:
                await self._call.warn(f"members' pods are not looked after: {problem}")
                return
            for line in (*self.reasons, *done):
                await self._say(line)
            await asyncio.sleep(LOOK_SECONDS)

    async def _say(self, line: str) -> None:
        if line not in self._said:
            self._said.add(line)
            await self._call.info(line)

    async def _published(self) -> Published | None:
        """By slot: what its agent says that it is of; None where that cannot be read, nor perhaps be published."""
        try:
            statuses = await read_statuses(self._channel)
        except ChannelUnavailable:
            return None
        return {slot: status.agent_template for slot, status in statuses.items()}

    def _look(self, done: list[str], published: Published | None, client: Client, namespace: str) -> str:
        selector = f"{INSTANCE_LABEL}={self._spec.name}"
        answer = client.get(f"{namespace}/pods", params={"labelSelector": selector})
        answer.raise_for_status()
        pods = answer.json()["items"]
        found = stuck_pods(pods, self._spec.members)
        active = self._call.inputs["mode"] == Mode.ACTIVE.value
        going = [each for each in found if active and _makes_way(each) and each.name not in self._trials.taken_back]
        self.reasons = tuple(f"pod {each.name}: {each.reason}" for each in found if each not in going)
        done.extend((_delete if each.superseded else _exchange)(client, namespace, each) for each in going)
        if active:
            done.extend(self._trials.judge(client, namespace, pods, published))
        return ""


def _makes_way(pod: StuckPod) -> bool:
    return pod.superseded or bool(pod.agent)


def _delete(client: Client, namespace: str, pod: StuckPod) -> str:
    """Delete it as it was seen; what was done.

    Raises:
        httpx2.HTTPError
    """
    remove(client, f"{namespace}/pods/{pod.name}", pod.uid, pod.version)
    return f"pod {pod.name} makes way for the declared one"


def _exchange(client: Client, namespace: str, pod: StuckPod) -> str:
    """Give it the agent that is declared, and leave etcd alone; what was done.

    Raises:
        httpx2.HTTPError
    """
    path = f"{namespace}/pods/{pod.name}"
    found = get(client, path)
    controller = get(client, f"{namespace.replace('/api/v1/', '/apis/apps/v1/')}/statefulsets/{pod.controller}")
    if found is None or controller is None:
        return f"pod {pod.name}, or its StatefulSet, is gone"
    try:
        patch = exchange(controller, found, pod.agent)
    except ValueError as problem:
        return str(problem)
    patch_pod(client, path, patch or {})
    return f"the agent in pod {pod.name} makes way for the declared one"
