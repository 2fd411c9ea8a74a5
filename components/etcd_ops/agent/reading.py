"""Reading the channel into facts, and keeping in memory the highest that was ever seen."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pydantic import ValidationError

from etcd_ops.agent.clock import Clock
from etcd_ops.channel.port import (
    CONTROLS,
    DESIRED,
    FORMATION,
    STATUS_PREFIX,
    Channel,
    ChannelUnavailable,
    Entry,
)
from etcd_ops.model.decisions.standing import formation_known, older
from etcd_ops.model.facts import ChannelFacts, Identity, LockFacts, Memory, PeerStatus, VolumeFacts
from etcd_ops.model.records import Controls, FormationRecord, FormationState
from etcd_ops.model.spec import ClusterSpec, Desired, Unreadable, read_desired
from etcd_ops.model.status import Highest, MemberStatus, read_status


@dataclass(frozen=True, slots=True)
class Reading:
    """The channel's content, and the entry that a later compare-and-swap of the formation record is based on."""

    facts: ChannelFacts
    formation: Entry | None
    desired: Entry | None


class ChannelReader:
    """Judges the freshness of other agents' statuses by this agent's own clock."""

    def __init__(self, channel: Channel, clock: Clock, freshness: float, boot_id: str) -> None:
        """Read `channel` by `clock`.

        Args:
            freshness: seconds for which an unchanged status still counts as fresh.
            boot_id: this agent's own, whose statuses are always fresh.
        """
        self._channel, self._clock, self._freshness, self._boot_id = channel, clock, freshness, boot_id
        self._marks: dict[str, tuple[str, int]] = {}
        self._changed: dict[str, float] = {}
        self._unchanged_since: dict[str, float] = {}

    async def read(self) -> Reading:
        """Read everything an agent decides on, besides the lock.

        Raises:
            ChannelUnavailable: also where a cluster-wide record is there but broken.
        """
        document = await self._channel.read(DESIRED)
        formation = await self._channel.read(FORMATION)
        controls = await self._channel.read(CONTROLS)
        desired, spec, unreadable = _document(document)
        try:
            facts = ChannelFacts(
                desired=desired,
                spec=spec,
                unreadable=unreadable,
                formation=FormationRecord.decode(formation.data) if formation else None,
                controls=Controls.decode(controls.data) if controls else Controls(),
                statuses=await self._statuses(),
            )
        except ValidationError as problem:
            raise ChannelUnavailable("a record in the channel cannot be read") from problem
        return Reading(facts, formation, document)

    async def _statuses(self) -> dict[str, PeerStatus]:
        found: dict[str, PeerStatus] = {}
        for entry in (await self._channel.read_all(STATUS_PREFIX)).values():
            status = read_status(entry.data)
            if status is not None:
                found[status.slot] = self._heard(status)
        return found

    def _heard(self, status: MemberStatus) -> PeerStatus:
        """A status is fresh once it was seen to change, and silent once it was seen not to for the whole bound."""
        slot, now = status.slot, self._clock.boottime()
        mark, before = (status.boot_id, status.sequence), self._marks.get(slot)
        self._marks[slot] = mark
        if status.boot_id == self._boot_id:
            return PeerStatus(status, fresh=True)
        if mark != before:
            self._unchanged_since[slot] = now
            if before is not None:
                self._changed[slot] = now
        changed = self._changed.get(slot)
        return PeerStatus(
            status,
            fresh=changed is not None and now - changed < self._freshness,
            silent=now - self._unchanged_since[slot] >= self._freshness,
        )


def _document(entry: Entry | None) -> tuple[Desired | None, ClusterSpec | None, str]:
    """The envelope, the body, and why the body could not be read."""
    if entry is None:
        return None, None, ""
    try:
        desired, spec = read_desired(entry.data)
    except Unreadable as problem:
        return _envelope(entry, str(problem))
    return desired, spec, ""


def _envelope(entry: Entry, why: str) -> tuple[Desired | None, None, str]:
    try:
        return Desired.decode(entry.data), None, why
    except ValidationError as problem:
        raise ChannelUnavailable("the desired document cannot be read, not even its envelope") from problem


def remember(memory: Memory, reading: Reading, lock: LockFacts, volume: VolumeFacts) -> Memory:
    """What the volume must know from now on; equal to `memory` where nothing is new."""
    facts = reading.facts
    highest, known = memory.highest, formation_known(memory)
    formation = memory.formation
    found = None if _of_another_life(facts.formation, memory, volume) else facts.formation
    if found is not None and reading.formation is not None and reading.formation.data != formation:
        formation = _newest(found, reading.formation.data, known, volume) or formation
    generation, digest = highest.generation, highest.digest
    if facts.desired is not None and facts.desired.generation > generation:
        generation, digest = facts.desired.generation, facts.desired.digest
    epoch = max(highest.epoch, lock.record.epoch if lock.record else 0)
    incarnation = max(highest.incarnation, found.incarnation if found else 0)
    return replace(
        memory,
        highest=Highest(generation=generation, digest=digest, epoch=epoch, incarnation=incarnation),
        formation=formation,
        identity=_identity(memory, volume),
    )


def _of_another_life(found: FormationRecord | None, memory: Memory, volume: VolumeFacts) -> bool:
    """Whether it is the record of a cluster that was destroyed before this volume was made.

    A new volume is for the next cluster in this channel, which has a record and incarnations of its own.
    """
    if found is None or found.state is not FormationState.CLOSED or memory.formation:
        return False
    return memory.identity is None and not volume.has_data


def _newest(found: FormationRecord, data: bytes, known: FormationRecord | None, volume: VolumeFacts) -> bytes | None:
    """What the volume keeps of a record that was found; None where it knows a later stage.

    One that was rolled back may lack the start on this very volume, and nobody else remembers whose that was.
    """
    if known is None:
        return data
    if not _newer(found, known):
        return None
    own = {slot: each for slot, each in known.started.items() if each.volume_id == volume.volume_id}
    if own.keys() <= found.started.keys():
        return data
    return found.model_copy(update={"started": {**own, **found.started}}).encode()


def _identity(memory: Memory, volume: VolumeFacts) -> Identity | None:
    """The member that this volume holds or last held: data of another one counts only where its start was staged."""
    found, launch = volume.identity, volume.launch
    if found is None or memory.identity is None:
        return found or memory.identity
    return found if launch is not None and launch.expected == found else memory.identity


def _newer(found: FormationRecord, known: FormationRecord) -> bool:
    """Of the same forming, and not an earlier stage of it."""
    return found.token == known.token and not older(found, known)
