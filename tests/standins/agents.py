"""Stands in for agents and etcd: publishes the statuses of a cluster that applies every document at once.

What a document asks of it beyond that, it asks through `etcd.snapshotCount`: see the constants. As a program it serves
every channel directory below a folder, or the channels of connection values, each in turn: `python -m
tests.standins.agents FOLDER | JSON...`.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from etcd_ops.channel.connect import connect
from etcd_ops.channel.directory import DirectoryChannel
from etcd_ops.channel.port import DESIRED, FORMATION, Channel, ChannelUnavailable, Conflict, status_name
from etcd_ops.model.records import FormationRecord, FormationState, Started
from etcd_ops.model.spec import ClusterSpec, Desired, FormationMode, Mode, read_desired
from etcd_ops.model.status import FailedChange, Highest, MemberStatus, Role, State, StepReport

REFUSED = 13
"""The first member cannot start with this snapshot count, and says so; the others hold."""
IGNORED = 14
"""Nobody ever gets to apply a document with this one."""
HELD = 15
"""The first member is held until an operator acts."""
REASON = "etcd refuses snapshot-count 13"
PERIOD = 0.1
MOST = 20
"""Periods between two rounds at most."""


class StandInAgents:
    """The agents of all members of one channel."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.boot_id = secrets.token_hex(4)
        self.sequence = 0
        self.applied = ""
        self.read: dict[int, asyncio.Event] = defaultdict(asyncio.Event)
        """By generation: set once it was read."""
        self.dead: set[str] = set()
        """Slots whose agents publish no more."""
        self.zones: dict[str, str] = {}
        """Of the slots that were served last."""

    async def tick(self) -> None:
        """Read the document and publish what follows from it."""
        entry = await self.channel.read(DESIRED)
        if entry is None:
            return
        desired, spec = read_desired(entry.data)
        await self._form(desired, spec)
        if desired.mode is Mode.ACTIVE and spec.etcd.snapshot_count not in (REFUSED, IGNORED, HELD):
            self.applied = desired.digest
        self.sequence += 1
        served = {slot: spec.members[slot].zone for slot in sorted(spec.members.keys() - self.dead)}
        for slot in served:
            await self.channel.put(status_name(slot), self._status(slot, desired, spec).encode())
        for slot in sorted(self.zones.keys() - spec.members.keys() - self.dead):
            await self.channel.put(status_name(slot), self._retired(slot, desired).encode())
        self.zones = served
        self.read[desired.generation].set()

    async def run(self) -> None:
        """Do so for ever."""
        await _serve(lambda: [self])

    async def _form(self, desired: Desired, spec: ClusterSpec) -> None:
        founders = {slot: member.peer_url for slot, member in spec.members.items()}
        started = {slot: Started(volume_id=slot, peer_url=url) for slot, url in founders.items()}
        record = FormationRecord(
            token=desired.formation.token, state=FormationState.FORMED, founders=founders, started=started
        )
        current = await self.channel.read(FORMATION)
        if current is None and desired.formation.mode is FormationMode.NEW:
            await self.channel.create(FORMATION, record.encode())
        elif current and FormationRecord.decode(current.data).state is FormationState.CLOSED:
            await self.channel.replace(FORMATION, record.encode(), current.tag)

    def _status(self, slot: str, desired: Desired, spec: ClusterSpec) -> MemberStatus:
        first = slot == min(spec.members)
        state, failed, reason = State.RUNNING, None, ""
        if desired.mode is not Mode.ACTIVE:
            state = State.PAUSED
        elif spec.etcd.snapshot_count == REFUSED and first:
            state, failed, reason = State.FAILED, FailedChange(digest=desired.digest, reason=REASON), REASON
        elif spec.etcd.snapshot_count == HELD and first:
            state, reason = State.HELD, "its volume has no identity marker"
        elif self.applied != desired.digest:
            state, reason = State.WORKING, "waiting for its turn"
        return self._published(slot, spec.members[slot].zone, desired).model_copy(
            update={
                "state": state,
                "reason": reason,
                "step": StepReport(kind="wait", reason=reason) if reason else None,
                "failed": failed,
                "role": Role.VOTER,
                "healthy": True,
                "cluster_id": 1,
            }
        )

    def _retired(self, slot: str, desired: Desired) -> MemberStatus:
        """The last words of the agent of a slot that is not declared any more."""
        return self._published(slot, self.zones[slot], desired).model_copy(update={"state": State.RETIRED})

    def _published(self, slot: str, zone: str, desired: Desired) -> MemberStatus:
        """What does not depend on how a member is."""
        return MemberStatus(
            slot=slot,
            zone=zone,
            boot_id=self.boot_id,
            sequence=self.sequence,
            agent_version="stand-in",
            generation=desired.generation,
            seen_digest=desired.digest,
            digest=self.applied,
            highest=Highest(generation=desired.generation, digest=desired.digest),
            state=State.WORKING,
            role=Role.NONE,
        )


async def _serve(found: Callable[[], Iterable[StandInAgents]]) -> None:
    while True:
        away = [agents for agents in found() if not await _reached(agents)]
        # Channels that are not made yet are not asked for all the time: whoever makes them needs the store, too.
        await asyncio.sleep(PERIOD * min(1 + len(away), MOST))


async def _reached(agents: StandInAgents) -> bool:
    try:
        await agents.tick()
    except (ChannelUnavailable, Conflict) as problem:
        sys.stderr.write(f"{problem}\n")
        return False
    return True


def _below(folder: Path) -> Callable[[], Iterable[StandInAgents]]:
    """Whatever channels there are by now."""
    known: dict[Path, StandInAgents] = {}

    def found() -> Iterator[StandInAgents]:
        for directory in sorted(path.parent for path in folder.glob(f"**/{DESIRED}")):
            yield known.setdefault(directory, StandInAgents(DirectoryChannel(directory)))

    return found


def _of(connections: Sequence[str]) -> Callable[[], Iterable[StandInAgents]]:
    agents = [StandInAgents(connect(json.loads(each))) for each in connections]
    return lambda: agents


if __name__ == "__main__":
    given = sys.argv[1:]
    asyncio.run(_serve(_of(given) if given[0].startswith("{") else _below(Path(given[0]))))
