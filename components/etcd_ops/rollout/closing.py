"""Recording that a slot's volume is deleted: the last one closes the formation record."""

from __future__ import annotations

from etcd_ops.agent.clock import Clock
from etcd_ops.channel.port import FORMATION, Channel, ChannelUnavailable, Conflict, Entry, OutcomeUnknown
from etcd_ops.model.records import FormationRecord, FormationState
from etcd_ops.rollout.declaring import ATTEMPTS, PAUSE


def without_volume(record: FormationRecord, slot: str, volume_id: str) -> FormationRecord:
    """The record once this volume of `slot` is deleted: closed when no started slot is left.

    A slot that was started on another volume stays: whoever deletes this one does not speak for that one.
    """
    deleted = (slot, volume_id)
    started = {name: volume for name, volume in record.started.items() if (name, volume.volume_id) != deleted}
    state = record.state if started else FormationState.CLOSED
    return record.model_copy(update={"started": started, "state": state})


async def forget_volume(channel: Channel, slot: str, volume_id: str, clock: Clock) -> FormationRecord | None:
    """Record that this volume of `slot` is deleted; None where nothing was ever started.

    Raises:
        ChannelUnavailable
        pydantic.ValidationError: the record cannot be understood.
    """
    lost: ChannelUnavailable | None = None
    for attempt in range(1, ATTEMPTS + 1):
        entry = await channel.read(FORMATION)
        if entry is None:
            return None
        try:
            return await _replace(channel, entry, slot, volume_id)
        except Conflict:
            lost = ChannelUnavailable(f"{FORMATION} is being written by somebody else again and again")
        except OutcomeUnknown as uncertain:
            lost = uncertain
        await clock.sleep(PAUSE * attempt)
    raise lost or AssertionError("at least one attempt is made")


async def _replace(channel: Channel, entry: Entry, slot: str, volume_id: str) -> FormationRecord:
    record = FormationRecord.decode(entry.data)
    after = without_volume(record, slot, volume_id)
    if after != record:
        await channel.replace(FORMATION, after.encode(), entry.tag)
    return after
