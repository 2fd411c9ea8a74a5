"""What every channel offers: small named objects with compare-and-swap.

A channel carries the desired document in, statuses out, and holds the lock, the formation record and the controls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

DESIRED = "desired.json"
LOCK = "lock.json"
FORMATION = "formation.json"
CONTROLS = "controls.json"
STATUS_PREFIX = "status/"
LOG_PREFIX = "log/"


def status_name(slot: str) -> str:
    """The object that holds the status of `slot`."""
    return f"{STATUS_PREFIX}{slot}.json"


def log_name(slot: str) -> str:
    """The object that holds the newest actions of the agent of `slot`."""
    return f"{LOG_PREFIX}{slot}.jsonl"


class ChannelUnavailable(Exception):
    """The channel could not be read, or a write certainly did not happen. Nothing follows from it."""


class OutcomeUnknown(ChannelUnavailable):
    """A write may have happened, or may still happen: read again before believing anything."""


class Conflict(Exception):
    """Somebody else wrote first: the object is not what the writer expected."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An object's content and the tag that a conditional call names it by."""

    data: bytes
    tag: str


class Unchanged:
    """The object still has the tag that the reader named."""


UNCHANGED = Unchanged()


class Channel(Protocol):
    """Named objects, each read and written whole."""

    async def read(self, name: str) -> Entry | None:
        """The object, or None where it certainly does not exist.

        Raises:
            ChannelUnavailable: it could not be told; in particular where the channel itself (its directory or
                bucket) is missing.
        """

    async def read_if_changed(self, name: str, tag: str) -> Entry | Unchanged | None:
        """As `read`, but `UNCHANGED` while the object still has `tag`."""

    async def create(self, name: str, data: bytes) -> str:
        """Write an object that does not exist; returns its tag.

        Raises:
            Conflict: it exists.
            OutcomeUnknown, ChannelUnavailable
        """

    async def replace(self, name: str, data: bytes, tag: str) -> str:
        """Write an object that still has `tag`; returns the new tag.

        Raises:
            Conflict: it has another tag, or is gone.
            OutcomeUnknown, ChannelUnavailable
        """

    async def put(self, name: str, data: bytes) -> None:
        """Write without a condition: only for objects with a single writer (statuses, logs)."""

    async def names(self, prefix: str) -> tuple[str, ...]:
        """The names of all objects that begin with `prefix`, sorted."""

    async def read_all(self, prefix: str) -> dict[str, Entry]:
        """All objects whose names begin with `prefix`, by name, sorted; not of one moment."""

    async def delete(self, name: str) -> None:
        """Delete an object, if it is there. Never used for the lock or the formation record."""

    async def close(self) -> None:
        """Give connections back."""
