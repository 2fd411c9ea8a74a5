"""What an agent needs of AWS besides its channel, and does there for its member: all of it beside the agent's loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from etcd_ops.agent.loop import Agent
from etcd_ops.ec2 import metadata
from etcd_ops.ec2.artifacts import Artifacts
from etcd_ops.ec2.aws import Aws
from etcd_ops.ec2.duties import Duty
from etcd_ops.ec2.machine import Machine
from etcd_ops.ec2.names import register
from etcd_ops.ec2.own_instance import OwnInstance, complete_for
from etcd_ops.ec2.releases import FetchedReleases
from etcd_ops.ec2.secrets import SecretMailbox

Log = Callable[[str, dict[str, object]], None]

NAME_SECONDS = 3600.0
"""Between two registrations of the same address: somebody may have deleted the record."""
ADDRESS_SECONDS = 30.0
SECRET_SECONDS = 3600.0
"""Between two deliveries when nothing is missing."""
TERMINATION_SECONDS = 5.0
HOOK_SECONDS = 30.0


class Keeper:
    """The machine of one member.

    Args:
        machine: what it was told.
        volume: where the member's volume is mounted.
        claimed: ID of that volume, which was the only one with the slot's tags.
    """

    def __init__(self, machine: Machine, volume: Path, claimed: str = "") -> None:
        self._machine = machine
        self._claimed = claimed
        self._aws = Aws(machine.region, machine.endpoint_url)
        self._mailbox = SecretMailbox(self._aws, machine.secret, volume)
        self.artifacts = Artifacts(self._aws, machine)
        self.releases = FetchedReleases(volume, self.artifacts)
        self.instance = OwnInstance(self._aws, machine)

    @staticmethod
    def of(config: Mapping[str, Any], volume: Path) -> Keeper:
        """The one that an agent's configuration names."""
        return Keeper(Machine.model_validate(config["machine"]), volume, config.get("claimed", ""))

    def vouches_for(self, volume: str) -> bool:
        """Whether a volume of this ID is the only one that can be the member's."""
        return bool(volume) and volume == self._claimed

    def duties(self, agent: Agent, log: Log) -> tuple[Duty, ...]:
        """Everything that is to be done for the member of an agent."""

        def lacking() -> bool:
            declared = agent.declared
            return declared is not None and bool(self._mailbox.missing(declared.credentials))

        others = Others(self._aws, self._machine, agent, log)
        return (
            Duty("registering the name", _Name(self._aws, self._machine).keep, ADDRESS_SECONDS),
            Duty("delivering credentials", self._mailbox.empty, SECRET_SECONDS, urgent=lacking),
            Duty("looking for a termination", self.instance.attend, TERMINATION_SECONDS),
            Duty("completing terminations", others.complete, HOOK_SECONDS, again=HOOK_SECONDS),
            Duty("fetching a release", self._fetch, SECRET_SECONDS, urgent=lambda: self.releases.wanting),
        )

    def _fetch(self) -> None:
        if self.releases.wanting:
            self.releases.fetch()


class _Name:
    """Registers the member's name whenever its address is another one."""

    def __init__(self, aws: Aws, machine: Machine) -> None:
        self._aws, self._machine = aws, machine
        self._registered, self._at = "", 0.0

    def keep(self) -> None:
        """Register it, where that is due.

        Raises:
            AwsUnavailable
        """
        address, now = metadata.needed("local-ipv4"), time.monotonic()
        if address == self._registered and now < self._at + NAME_SECONDS:
            return
        register(self._aws, self._machine.hosted_zone_id, self._machine.host, address)
        self._registered, self._at = address, now


class Others:
    """Lets terminations go on that nobody else does: of absent members, and of this one's machines before this.

    Those had to give the volume away first, which is here: nothing of the member runs on them any more.
    """

    def __init__(self, aws: Aws, machine: Machine, agent: Agent, log: Log) -> None:
        self._aws, self._machine, self._agent, self._log = aws, machine, agent, log
        self._succeeds = True
        """Whether a machine before this one may still wait."""

    def complete(self) -> None:
        """Look for such terminations, and let them go on.

        Raises:
            AwsUnavailable
        """
        slot = self._machine.slot
        slots = self._agent.absent - {slot} | ({slot} if self._succeeds else frozenset())
        if not slots:
            return
        done = complete_for(self._aws, self._machine, slots, metadata.needed("instance-id"))
        for instance in done:
            self._log("termination completed", {"instance": instance})
        self._succeeds = self._succeeds and bool(done)
