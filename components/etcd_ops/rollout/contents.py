"""What a channel holds, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from etcd_ops.channel.port import DESIRED, FORMATION, STATUS_PREFIX, Channel, Entry, status_name
from etcd_ops.model.problems import Problem
from etcd_ops.model.records import FormationRecord
from etcd_ops.model.spec import FORMAT, Desired, describe
from etcd_ops.model.status import MemberStatus, read_status
from etcd_ops.rollout.problems import Refused


@dataclass(frozen=True, slots=True)
class Contents:
    """The documents of a channel. An absent one is None or missing; an unreadable status counts as absent."""

    desired: Desired | None = None
    tag: str = ""
    """Of the desired document, for a conditional write."""
    formation: FormationRecord | None = None
    statuses: Mapping[str, MemberStatus] = field(default_factory=dict)
    """By slot."""


async def read_contents(channel: Channel) -> Contents:
    """Read everything a declarer has to know. Statuses first: what is fresher later was published after this.

    Raises:
        ChannelUnavailable
        Refused: the desired document or the formation record is there, but cannot be understood.
    """
    statuses = await read_statuses(channel)
    formation = await read_formation(channel)
    entry = await channel.read(DESIRED)
    if entry is None:
        return Contents(formation=formation, statuses=statuses)
    return Contents(_desired(entry), entry.tag, formation, statuses)


async def read_statuses(channel: Channel) -> dict[str, MemberStatus]:
    """The statuses of all slots that published one, declared or not.

    Raises:
        ChannelUnavailable
    """
    found = {}
    for name, entry in (await channel.read_all(STATUS_PREFIX)).items():
        status = read_status(entry.data)
        if status is not None and status_name(status.slot) == name:
            found[status.slot] = status
    return found


async def read_formation(channel: Channel) -> FormationRecord | None:
    """The formation record.

    Raises:
        ChannelUnavailable
        Refused: it is there, but cannot be understood.
    """
    entry = await channel.read(FORMATION)
    if entry is None:
        return None
    try:
        return FormationRecord.decode(entry.data)
    except ValidationError as problem:
        raise _unintelligible(FORMATION, problem) from problem


def _desired(entry: Entry) -> Desired:
    try:
        desired = Desired.decode(entry.data)
    except ValidationError as problem:
        raise _unintelligible(DESIRED, problem) from problem
    if desired.minimum_reader > FORMAT:
        reason = f"its document needs a reader of format {desired.minimum_reader}: upgrade pulumi-etcd"
        raise Refused(Problem("channel", reason))
    return desired


def _unintelligible(name: str, problem: ValidationError) -> Refused:
    return Refused(Problem("channel", f"its {name} cannot be understood: {describe(problem)}"))
