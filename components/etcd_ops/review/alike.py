"""What happens in the same words to several resources of a type is told once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from etcd_ops.review.result import Finding, Level, Subject
from etcd_ops.review.values import listed

AT_ONCE = "changes at once, without the gate"


@dataclass(frozen=True, slots=True)
class Event:
    """What happens to one resource, and in the same words to others of its type."""

    level: Level
    code: str
    what: str
    token: str
    happens: str


def told_once(events: Iterable[tuple[Event, str]], subject: Subject = Subject.SURROUNDINGS) -> Iterator[Finding]:
    """One finding for each event, in the order in which they come first.

    Args:
        events: each with the name of its resource.
        subject: of the findings.
    """
    found: dict[Event, list[str]] = {}
    for event, name in events:
        found.setdefault(event, []).append(name)
    for event, names in found.items():
        which = f"{event.token} {names[0]}" if len(names) == 1 else f"{len(names)} of {event.token}"
        yield Finding(
            level=event.level, subject=subject, code=event.code, where=listed(names),
            text=f"{event.what} ({which}) {event.happens}",
        )  # fmt: skip
