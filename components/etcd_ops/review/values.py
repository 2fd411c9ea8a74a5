"""Property values as `pulumi preview --json` prints them: what is unknown in them, and what differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""A value that is not known before something else is created (pulumi/pulumi, sdk/go/common/resource/properties.go,
`computedString`)."""
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
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(set(before) | set(after), key=str):
            if key in before and key in after:
                yield from changed_paths(before[key], after[key], _joined(path, key))
            else:
                yield _joined(path, key)
    elif before != after or after == UNKNOWN:
        yield path


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
