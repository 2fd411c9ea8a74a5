"""Property values as `pulumi preview --json` prints them: what is unknown in them, and what differs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""A value that is not known before something else is created (pulumi/pulumi, sdk/go/common/resource/properties.go,
`computedString`)."""
_SHORT = 80
"""Characters of a value that is told."""
_LISTED = 7
Properties = Mapping[str, Any]
"""Of a resource, by name."""


def unknown_paths(value: Any, path: str = "") -> Iterator[str]:
    """Where a value is not known yet, as `members.a-1.zone` or `rules[0]`."""
    if value == UNKNOWN:
        yield path
    for key, inner in _items(value):
        yield from unknown_paths(inner, _joined(path, key))


def changed_paths(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Where two values differ, as deep as both have something there; what is unknown differs from everything."""
    yield from (where for where, _, _ in changes(before, after, path))


def changes(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where two values differ, with what is there before and after; None for what only one of them has."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(set(before) | set(after), key=str):
            if key in before and key in after:
                yield from changes(before[key], after[key], _joined(path, key))
            else:
                yield _joined(path, key), before.get(key), after.get(key)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from changes(one, other, _joined(path, index))
    elif before != after or after == UNKNOWN:
        yield path, before, after


def told(path: str, before: Any, after: Any) -> str:
    """What changes at a place: from which value to which, where both are short enough to be read."""
    if _is_short(before) and _is_short(after):
        return f"{path} is {shown(after)} instead of {shown(before)}"
    return path


def shown(value: Any) -> str:
    """A value for people."""
    return "not known yet" if value == UNKNOWN else "nothing" if value is None else str(value)


def listed(names: Iterable[str]) -> str:
    """Names in their order, of many the first ones."""
    every = sorted(set(names))
    more = len(every) - _LISTED
    return ", ".join(every) if more <= 0 else f"{', '.join(every[:_LISTED])} and {more} more"


def _is_short(value: Any) -> bool:
    return value is None or (isinstance(value, str | int | float) and len(str(value)) <= _SHORT)


def _items(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def _joined(path: str, key: str | int) -> str:
    return f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}".removeprefix(".")


def text_of(value: Any) -> str:
    """A string; empty where it is none, or is not known yet."""
    return value if isinstance(value, str) and value != UNKNOWN else ""


def number_of(value: Any) -> float | None:
    """A number; None where it is none, or is not known yet."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def mapping_of(value: Any) -> Properties:
    """An object; empty where it is none, or is not known yet."""
    return value if isinstance(value, Mapping) else {}


def members_counted(number: int) -> str:
    """So many members, in words."""
    return f"{number} member" if number == 1 else f"{number} members"
