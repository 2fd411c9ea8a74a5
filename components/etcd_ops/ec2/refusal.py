"""Says in the channel why a machine is not prepared: its agent, which would, cannot run without the volume."""

from __future__ import annotations

import asyncio
import secrets
from importlib.metadata import version

from etcd_ops.channel.port import status_name
from etcd_ops.ec2.machine import Machine
from etcd_ops.model.status import MemberStatus, State

LONGEST = 500
"""Characters of a reason: it becomes part of `pulumi up`'s output."""


def status(machine: Machine, reason: str) -> MemberStatus:
    """What the member's status says meanwhile: nothing of its data, which nobody has seen."""
    return MemberStatus(
        slot=machine.slot,
        zone=machine.zone,
        boot_id=secrets.token_hex(8),
        sequence=1,
        agent_version=version("etcd-ops"),
        state=State.HELD,
        reason=f"its machine is not prepared: {reason}"[:LONGEST],
    )


def publish(machine: Machine, reason: str) -> None:
    """Say why.

    Raises:
        ChannelUnavailable: it could not be said.
    """
    asyncio.run(_publish(machine, status(machine, reason)))


async def _publish(machine: Machine, told: MemberStatus) -> None:
    channel = machine.channel.connect()
    try:
        await channel.put(status_name(machine.slot), told.encode())
    finally:
        await channel.close()
