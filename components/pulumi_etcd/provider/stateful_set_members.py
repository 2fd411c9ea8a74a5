"""What StatefulSetMember does: enlarge a member's volume, and see it off. What makes it are the objects beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from etcd_ops.model.problems import Problem
from pulumi_etcd.provider.claims import SIZE, enlarged, refused, shrunk, too_small
from pulumi_etcd.provider.fixed import moved, unknown
from pulumi_etcd.provider.forgetting import forget, published_volume
from pulumi_etcd.provider.namespaces import Question, describe, get, look, wait
from pulumi_etcd.provider.ownership import refuse_foreign
from pulumi_etcd.provider.resource import Call, Checked, Failed, Live
from pulumi_etcd.provider.values import Properties

if TYPE_CHECKING:
    from httpx2 import Client

_NEEDS = "get of pods, volume claims and the namespace, and patch of volume claims"
_IDENTITY = ("cluster", "slot", "zone", "namespace", "namespaceUid", "pod", "claim")
_CLASS = ("storageClass",)
_KNOWN = (*_IDENTITY, *_CLASS, SIZE, "channel", "kubeconfig", "context")


class StatefulSetMembers:
    """Created before everything else of a member, and deleted after it: only then does nothing of it run any more."""

    replaces: ClassVar[frozenset[str]] = frozenset()

    async def check(self, call: Call) -> Checked:
        """Judge what names the member, and its volume, which can only grow."""
        slot = call.inputs.get("slot")
        remedy = "declare another slot, and drop this one in a later step"
        kept = (
            f"a volume keeps its class: say what it was in `storageClasses`, and declare another slot, then drop {slot}"
        )
        found = moved(call.old, call.inputs, _IDENTITY, remedy) + moved(call.old, call.inputs, _CLASS, kept)
        found = unknown(call.inputs, _KNOWN) or found + shrunk(call.old, call.inputs)
        return Checked(call.inputs, found or await _not_grown(call))

    async def drift(self, call: Call) -> Mapping[str, str]:
        """Whether the claim was made anew since, from a template that has the size of the first day."""
        left = await look(call.inputs, too_small(call.inputs), _NEEDS)
        return {"objects": left} if left else {}

    async def create(self, call: Call) -> tuple[str, Properties]:
        """Record it, unless it is of a cluster that is somebody else's."""
        if not call.preview:
            await refuse_foreign(call)
        return f"{call.inputs['namespace']}/{call.inputs['pod']}", _outputs(call.inputs)

    async def read(self, call: Call) -> Live | None:
        """It as it was recorded."""
        if not call.inputs:
            raise Failed("a StatefulSetMember is part of a StatefulSetCluster: it cannot be imported by itself")
        return Live(call.id, call.inputs, call.state)

    async def update(self, call: Call) -> Properties:
        """Enlarge its claim, and record it."""
        told: list[str] = []
        if not call.preview:
            await wait(call, call.inputs, enlarged(call.inputs, told), _NEEDS)
        for line in told:
            await call.info(line)
        return _outputs(call.inputs)

    async def delete(self, call: Call) -> None:
        """Wait until pod and claim are gone, and leave nothing in the channel that speaks of the member."""
        state = call.state
        volume_id = await published_volume(state["channel"], state["slot"])
        await wait(call, state, _left(state), _NEEDS)
        await forget(state["channel"], state["slot"], volume_id, volume_is_gone=True)


async def _not_grown(call: Call) -> tuple[Problem, ...]:
    """Why a volume that is declared larger than it was cannot grow."""
    problems: list[Problem] = []
    if call.inputs[SIZE] > call.old.get(SIZE, call.inputs[SIZE]):
        left = await look(call.inputs, refused(call.inputs, problems), _NEEDS)
        if left:
            await call.warn(f"judged without its volume claim: {left}")
    return tuple(problems)


def _outputs(inputs: Properties) -> Properties:
    return inputs | {"objects": [f"pod/{inputs['pod']}", f"persistentvolumeclaim/{inputs['claim']}"]}


def _left(state: Properties) -> Question:
    """Which of a member's objects are there."""

    def ask(client: Client, namespace: str) -> str:
        paths = {"pod": f"pods/{state['pod']}", "volume claim": f"persistentvolumeclaims/{state['claim']}"}
        there = {what: get(client, f"{namespace}/{path}") for what, path in paths.items()}
        return ", ".join(f"{what} {describe(each)}" for what, each in there.items() if each is not None)

    return ask
