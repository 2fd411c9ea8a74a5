"""What Ec2Member does: judge what never changes, and see a member off. What makes it are the resources beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pulumi_etcd.provider.claims import SIZE, shrunk
from pulumi_etcd.provider.fixed import moved, unknown
from pulumi_etcd.provider.forgetting import forget, published_volume
from pulumi_etcd.provider.resource import Call, Checked, Failed, Live
from pulumi_etcd.provider.values import Properties

_IDENTITY = ("cluster", "slot", "zone", "region", "account", "channel")
_MACHINE = ("architecture",)
_KNOWN = (*_IDENTITY, *_MACHINE, SIZE)


class Ec2Members:
    """Created before a member's volume and group, and deleted after them: only then does nothing of it run any more."""

    replaces: ClassVar[frozenset[str]] = frozenset()

    async def check(self, call: Call) -> Checked:
        """Judge what names the member, its machines, and its volume, which can only grow."""
        remedy = "declare another slot, and drop this one in a later step"
        kept = "declare what it was: programs of two architectures cannot be rolled out one member at a time yet"
        found = moved(call.old, call.inputs, _IDENTITY, remedy) + moved(call.old, call.inputs, _MACHINE, kept)
        return Checked(call.inputs, unknown(call.inputs, _KNOWN) or found + shrunk(call.old, call.inputs))

    async def drift(self, call: Call) -> Mapping[str, str]:  # noqa: ARG002 - every resource is asked
        """Nothing of it is anywhere but in the stack."""
        return {}

    async def create(self, call: Call) -> tuple[str, Properties]:
        """Record it."""
        return f"{call.inputs['cluster']}/{call.inputs['slot']}", call.inputs

    async def read(self, call: Call) -> Live | None:
        """It as it was recorded."""
        if not call.inputs:
            raise Failed("an Ec2Member is part of an Ec2Cluster: it cannot be imported by itself")
        return Live(call.id, call.inputs, call.state)

    async def update(self, call: Call) -> Properties:
        """Record it."""
        return call.inputs

    async def delete(self, call: Call) -> None:
        """Leave nothing in the channel that speaks of the member: its volume is deleted."""
        channel, slot = call.state["channel"], call.state["slot"]
        await forget(channel, slot, await published_volume(channel, slot), volume_is_gone=True)
