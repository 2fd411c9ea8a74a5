"""What StaticPodInstallation does: put an agent onto its node, and tell it what is new, by a short-lived pod there."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from etcd_ops.model.document import canonical, digest
from etcd_ops.model.problems import Problem
from etcd_ops.pod import places
from etcd_ops.static_pod.deliver import exchange
from etcd_ops.volume.durable import make_directory, write_file
from pulumi_etcd.kubernetes.pod_states import failure
from pulumi_etcd.provider.agents_pods import agents_pods
from pulumi_etcd.provider.fixed import moved, unknown
from pulumi_etcd.provider.namespaces import (
    SILENCE_SECONDS,
    Question,
    get,
    is_silent,
    last_words,
    look,
    remove,
    silence,
    wait,
)
from pulumi_etcd.provider.resource import Call, Checked, Failed, Live
from pulumi_etcd.provider.static_pod_leftovers import installation_left, removal_left
from pulumi_etcd.provider.tidy import remove_if_empty
from pulumi_etcd.provider.values import Properties
from pulumi_etcd.static_pods.installation import (
    CONTENT_ANNOTATION,
    installation_pod,
    installation_secret,
    node_files,
    secret_name,
)

if TYPE_CHECKING:
    from httpx2 import Client

_NEEDS = "get, list, create and delete of pods, create and delete of secrets, and get of the namespace"
_IDENTITY = (
    "cluster", "slot", "name", "node", "namespace", "namespaceUid", "manifests", "file", "delivered",
)  # fmt: skip
_KNOWN = (*_IDENTITY, "kubeconfig", "context", "image", "tree")
STUCK_SECONDS = 120.0
"""After which a pod that was not started yet is taken for one that cannot be."""
BY_HAND = "by hand"
"""Output `content` of what was not installed by a pod."""


class StaticPodInstallations:
    """Created after the member's record, which takes the agent off its node again."""

    replaces: ClassVar[frozenset[str]] = frozenset()

    async def check(self, call: Call) -> Checked:
        """Judge what names the node."""
        remedy = "declare another slot, and drop this one in a later step"
        return Checked(call.inputs, unknown(call.inputs, _KNOWN) or moved(call.old, call.inputs, _IDENTITY, remedy))

    async def drift(self, call: Call) -> Mapping[str, str]:
        """Whether the agent is not there, or cannot run: then it is installed once more."""
        again = call.state.get("content") == BY_HAND
        reason = await look(call.inputs, _agent_amiss(call.inputs, again=again), _NEEDS)
        if reason == silence(call.inputs):
            await call.warn(f"{reason}: what is there now is not known")
            return {}
        return {"content": reason} if reason else {}

    async def create(self, call: Call) -> tuple[str, Properties]:
        """Install it."""
        return f"{call.inputs['namespace']}/{call.inputs['name']}", await self._install(call)

    async def read(self, call: Call) -> Live | None:
        """It as it was installed."""
        if not call.inputs:
            raise Failed("a StaticPodInstallation is part of a StaticPodCluster: it cannot be imported by itself")
        return Live(call.id, call.inputs, call.state)

    async def update(self, call: Call) -> Properties:
        """Install what is new."""
        return await self._install(call)

    async def delete(self, call: Call) -> None:
        """Leave nothing that would install the agent, here or there: the member's record takes it off its node then."""
        await asyncio.to_thread(_remove_tree, call.state)
        await wait(call, call.state, installation_left(call.state), _NEEDS)

    async def _install(self, call: Call) -> Properties:
        inputs = call.inputs
        outputs = {name: value for name, value in inputs.items() if name != "files"}
        if call.preview:
            return outputs
        if inputs["tree"] and await is_silent(call, inputs, SILENCE_SECONDS):
            await asyncio.to_thread(_write_tree, inputs)
            await call.warn(_instructions(inputs))
            return outputs | {"content": BY_HAND}
        content = digest(canonical(inputs["files"]))
        told: list[str] = []
        await wait(call, inputs, _installation(inputs, content, told), _NEEDS)
        for line in told:
            await call.info(line)
        await asyncio.to_thread(_remove_tree, inputs)
        return outputs | {"content": content}


def _write_tree(inputs: Properties) -> None:
    """The node's files below the tree as they are to lie on the node."""
    for folder, files in node_files(inputs).items():
        exchange(_below(inputs, folder), files)
    manifest = _below(inputs, inputs["manifests"]) / inputs["file"]
    make_directory(manifest.parent)
    write_file(manifest, inputs["files"]["config"][places.AGENT_POD].encode())


def _below(inputs: Properties, path: str) -> Path:
    return Path(inputs["tree"], path.lstrip("/"))


def _remove_tree(inputs: Properties) -> None:
    """It has keys, and is not needed any more."""
    if inputs["tree"] and Path(inputs["tree"]).is_dir():
        shutil.rmtree(inputs["tree"])
        remove_if_empty(Path(inputs["tree"]).parent)


def _instructions(inputs: Properties) -> str:
    tree, node = inputs["tree"], inputs["node"]
    silent = f"the API server of context {inputs['context']} does not answer, and may need what was to be installed"
    return f"{silent}: bring it to node {node} yourself, as with `rsync -rl {tree}/ root@{node}:/`"


def _installation(inputs: Properties, content: str, told: list[str]) -> Question:
    """Whether everything was put onto the node; begins with that where nobody has."""
    name, not_removed = secret_name(inputs), removal_left(inputs)

    def ask(client: Client, namespace: str) -> str:
        if left := not_removed(client, namespace):
            return left
        found = get(client, f"{namespace}/pods/{name}")
        if found is None:
            remove(client, f"{namespace}/secrets/{name}")
            anew = any(map(failure, _agents(client, namespace, inputs)[0]))
            client.post(f"{namespace}/secrets", json=installation_secret(inputs)).raise_for_status()
            client.post(f"{namespace}/pods", json=installation_pod(inputs, content, anew=anew)).raise_for_status()
            return f"pod {name} to install the agent of {inputs['slot']} on node {inputs['node']}"
        if found["metadata"].get("annotations", {}).get(CONTENT_ANNOTATION) != content:
            remove(client, f"{namespace}/pods/{name}")
            return f"pod {name} of an earlier run to be gone"
        phase = found["status"].get("phase", "Pending")
        if phase not in ("Succeeded", "Failed"):
            why = failure(found)
            return f"pod {name} on node {inputs['node']}, which is {phase}{': ' if why else ''}{why}"
        for plural in ("pods", "secrets"):
            remove(client, f"{namespace}/{plural}/{name}")
        if phase == "Failed":
            reason = f"the agent of {inputs['slot']} was not installed on node {inputs['node']}: {last_words(found)}"
            raise Failed(Problem("node", reason, "see to it there, and run it again"))
        told.append(f"{inputs['node']}: {last_words(found)}")
        return ""

    return ask


def _agent_amiss(inputs: Properties, *, again: bool) -> Question:
    """Why the agent has to be installed again; empty where it runs, or is about to.

    Args:
        inputs: of the installation.
        again: whether it was brought to its node by hand, so that nobody knows how much of it.
    """

    def ask(client: Client, namespace: str) -> str:
        if again:
            return f"what {inputs['slot']} was told while no API server answered is installed"
        found, now = _agents(client, namespace, inputs)
        if not found:
            return f"node {inputs['node']} runs no agent of {inputs['slot']}"
        if any(failure(each) or _is_stuck(each, now) for each in found):
            return f"the agent of {inputs['slot']} cannot run"
        return ""

    return ask


def _agents(client: Client, namespace: str, inputs: Properties) -> tuple[list[Properties], datetime]:
    """The mirrors of the agent's static pod, one or none, and the API server's time."""
    answer = agents_pods(client, namespace, inputs)
    return answer.json()["items"], parsedate_to_datetime(answer.headers["date"])


def _is_stuck(pod: Properties, now: datetime) -> bool:
    """It was not started for long, as where the folder of what it is told is gone from its node."""
    status = pod["status"]
    if status.get("phase", "Pending") != "Pending" or "startTime" not in status:
        return False
    return (now - datetime.fromisoformat(status["startTime"].replace("Z", "+00:00"))).total_seconds() > STUCK_SECONDS
