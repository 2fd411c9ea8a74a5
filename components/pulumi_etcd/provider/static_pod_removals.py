"""One removal of a member from its node: by a pod of its own, which does nothing any more once that is given up."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

from etcd_ops.model.problems import Problem
from pulumi_etcd.kubernetes.pod_states import failure
from pulumi_etcd.provider import namespaces
from pulumi_etcd.provider.agents_pods import agents_pods
from pulumi_etcd.provider.namespaces import (
    Question,
    describe,
    get,
    last_words,
    look,
    nodes,
    remove,
    silence,
    wait,
)
from pulumi_etcd.provider.resource import Call, Failed
from pulumi_etcd.provider.static_pod_leftovers import installation_left, removal_left
from pulumi_etcd.provider.values import Properties
from pulumi_etcd.static_pods.removal import OWN, Found, found, removal_name, removal_pod

if TYPE_CHECKING:
    from httpx2 import Client

DISARM_ATTEMPTS = 5
"""How often an API server that does not answer is asked to delete the pod of a removal that was given up."""


async def take_off(call: Call, member: Properties, needs: str) -> None:
    """Take a member off its node, and say what is to be known of that.

    Args:
        call: may be cancelled.
        member: properties of a `StaticPodMember`.
        needs: what whoever runs Pulumi must be allowed, in words.

    Raises:
        Failed: it was not taken off, or that is not known. The pod of this removal was deleted, or that it was not is
            told.
    """
    removal = _Removal(member)
    try:
        await wait(call, member, removal.ask, needs)
    except Failed:
        if removal.may_be_there:
            await _disarm(call, member, removal, needs)
        raise
    finally:
        for line in removal.told:
            await call.info(line)


async def _disarm(call: Call, member: Properties, removal: _Removal, needs: str) -> None:
    left = silence(member)
    try:
        for _ in range(DISARM_ATTEMPTS):
            left = await look(member, removal.disarm, needs)
            if left != silence(member):
                break
            await asyncio.sleep(namespaces.POLL)
    except Failed as problem:
        left = str(problem)
    if left and removal.may_be_there:
        by_hand = f"`kubectl -n {member['namespace']} delete pod {removal.name}`"
        takes = f"it takes {member['slot']} off node {member['node']} as soon as it can, unless you delete it:"
        await call.warn(f"pod {removal.name} was not deleted, because of {left}: {takes} {by_hand}")


class _Removal:
    """Its pod has an identity that no other removal's has, so that nobody takes another one's result for its own."""

    def __init__(self, member: Properties) -> None:
        self.name = removal_name(member["name"])
        self.told: list[str] = []
        self.may_be_there = False
        """Whether its pod was asked for, and is not known to be gone."""
        self._member = member
        self._identity = uuid.uuid4().hex
        self._made = self._done = False

    def ask(self, client: Client, namespace: str) -> str:
        """What is still to happen; makes the pod once nothing is left that would undo what it does."""
        path = f"{namespace}/pods/{self.name}"
        pod = get(client, path)
        what = found(pod, self._identity, made=self._made)
        if what in (Found.NOTHING, Found.ANOTHERS):
            return self._begin(client, namespace)
        if pod is None or what is Found.TAKEN:
            return "" if self._done else self._taken(client)
        self._made = True
        if what is Found.UNDER_WAY:
            return self._under_way(pod)
        self._done = what is Found.SUCCEEDED
        remove(client, path, pod["metadata"]["uid"])
        self.may_be_there = False
        if what is Found.FAILED:
            raise self._failed(last_words(pod), "see to it there, and run it again")
        return ""

    def disarm(self, client: Client, namespace: str) -> str:
        """Have its pod deleted, by which one that did not begin never does; nothing is left to happen after that."""
        path = f"{namespace}/pods/{self.name}"
        pod = get(client, path)
        what = found(pod, self._identity, made=self._made)
        if pod is not None and what in OWN:
            remove(client, path, pod["metadata"]["uid"])
            self.told.append(self._deleted(what, pod))
        self.may_be_there = False
        return ""

    def _deleted(self, what: Found, pod: Properties) -> str:
        slot, node = self._member["slot"], self._member["node"]
        if what is Found.SUCCEEDED:
            return f"pod {self.name} is deleted; it had taken {slot} off node {node}"
        if what is Found.FAILED:
            return f"pod {self.name} is deleted; it could not take {slot} off node {node}: {last_words(pod)}"
        whether = f"whether it has begun on node {node}, only that node's kubelet can tell"
        return f"pod {self.name} is deleted, and does not begin any more: {whether}"

    def _begin(self, client: Client, namespace: str) -> str:
        """Make the pod where nothing is in its way; what is. A node that is gone is nothing to wait for."""
        member = self._member
        if left := ", ".join(filter(None, [each(client, namespace) for each in _in_its_way(member)])):
            return left
        if not nodes(client, member["node"]):
            return self._left_alone()
        self.may_be_there = True
        answer = client.post(f"{namespace}/pods", json=removal_pod(member, self._identity))
        if answer.status_code != 409:  # somebody else was faster: the next look tells
            answer.raise_for_status()
        return f"pod {self.name} to take {member['slot']} off node {member['node']}"

    def _under_way(self, pod: Properties) -> str:
        phase, why = pod["status"].get("phase", "Pending"), failure(pod)
        return f"pod {self.name} on node {self._member['node']}, which is {phase}{': ' if why else ''}{why}"

    def _taken(self, client: Client) -> str:
        if not nodes(client, self._member["node"]):
            return self._left_alone()
        reason = f"somebody else deleted pod {self.name} before it was known to have succeeded"
        raise self._failed(reason, "see that no other `pulumi` declares or removes the slot, and run it again")

    def _left_alone(self) -> str:
        slot, node = self._member["slot"], self._member["node"]
        self.told.append(f"there is no node {node} any more: what {slot} has there was left alone")
        return ""

    def _failed(self, why: str, remedy: str) -> Failed:
        reason = f"{self._member['slot']} was not taken off node {self._member['node']}: {why}"
        return Failed(Problem("node", reason, remedy))


def _in_its_way(member: Properties) -> tuple[Question, ...]:
    """Everything that would put back what is taken off, and pods of earlier removals."""
    puts_it_back = installation_left(member) if member.get("agentFile") else _agents(member)
    return removal_left(member), puts_it_back


def _agents(member: Properties) -> Question:
    """Which pods of the member's agent are there."""

    def ask(client: Client, namespace: str) -> str:
        answer = agents_pods(client, namespace, member)
        return ", ".join(f"pod {describe(each)}" for each in answer.json()["items"])

    return ask
