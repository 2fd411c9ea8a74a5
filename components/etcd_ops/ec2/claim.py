"""Which data volume is this machine's, and what has to happen until it can be used. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

TERMINATED = "terminated"
GONE = frozenset({"deleting", "deleted"})


@dataclass(frozen=True, slots=True)
class Attached:
    """To which instance a volume is attached."""

    instance: str
    state: str
    """attaching, attached, detaching, detached or busy."""


@dataclass(frozen=True, slots=True)
class Found:
    """A volume with the tags of this cluster and slot."""

    volume: str
    zone: str
    state: str
    """creating, available, in-use, deleting, deleted or error."""
    attached: tuple[Attached, ...] = ()


@dataclass(frozen=True, slots=True)
class Ready:
    """The volume is attached to this machine."""

    volume: str


@dataclass(frozen=True, slots=True)
class Attach:
    """Attach the volume, which nobody has."""

    volume: str


@dataclass(frozen=True, slots=True)
class Detach:
    """Take the volume from an instance that is proved terminated."""

    volume: str
    instance: str


@dataclass(frozen=True, slots=True)
class Wait:
    """It is not this machine's turn yet."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """No volume may be used until what the reason names has changed."""

    reason: str


Claim = Ready | Attach | Detach | Wait | Refuse


def choose(volumes: Sequence[Found], instance: str, zone: str) -> Found | Refuse:
    """The one volume of this slot.

    Args:
        volumes: everything with the slot's tags.
        instance: ID of this machine.
        zone: the machine's own.
    """
    there = [each for each in volumes if each.state not in GONE]
    if not there:
        return Refuse("no volume carries this slot's tags: run `pulumi up`")
    if len(there) > 1:
        names = ", ".join(f"{each.volume} in {each.zone}" for each in sorted(there, key=lambda each: each.volume))
        return Refuse(f"{len(there)} volumes carry this slot's tags: {names}; take the tags from all but the right one")
    only = there[0]
    if only.zone != zone:
        return Refuse(f"{only.volume} with this slot's tags is in {only.zone}, and {instance} is in {zone}")
    return only


def claim(volumes: Sequence[Found], states: Mapping[str, str], instance: str, zone: str) -> Claim:
    """What is to be done next.

    Args:
        volumes: everything with the slot's tags.
        states: state by ID of the instances that any of them is attached to, as far as EC2 still tells.
        instance: ID of this machine.
        zone: the machine's own.
    """
    chosen = choose(volumes, instance, zone)
    if isinstance(chosen, Refuse):
        return chosen
    held = [each for each in chosen.attached if each.state != "detached"]
    if not held:
        if chosen.state == "available":
            return Attach(chosen.volume)
        if chosen.state == "error":
            return Refuse(f"{chosen.volume} has failed: replace it")
        return Wait(f"{chosen.volume} is {chosen.state}")
    return _held(chosen.volume, held, states, instance)


def _held(volume: str, held: Sequence[Attached], states: Mapping[str, str], instance: str) -> Claim:
    if len(held) > 1:
        return Refuse(f"{volume} is attached to several instances at once: never use Multi-Attach")
    (only,) = held
    if only.instance == instance:
        return Ready(volume) if only.state == "attached" else Wait(f"{volume} is {only.state} here")
    state = states.get(only.instance, "not known to EC2")
    if state == TERMINATED and only.state == "attached":
        return Detach(volume, only.instance)
    return Wait(f"{volume} is {only.state} to {only.instance}, which is {state}")
