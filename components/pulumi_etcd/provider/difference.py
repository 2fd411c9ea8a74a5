"""What changes between two sets of properties, leaf by leaf: pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pulumi_etcd.provider.values import Path, Properties, text

MISSING = object()


class Change(Enum):
    ADDED = "added"
    DELETED = "deleted"
    UPDATED = "updated"


def changes(old: Any, new: Any, path: Path = ()) -> Iterator[tuple[Path, Change]]:
    """The outermost paths that were added or deleted, and the leaves that were updated."""
    if old is MISSING:
        yield path, Change.ADDED
    elif new is MISSING:
        yield path, Change.DELETED
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from changes(old.get(key, MISSING), new.get(key, MISSING), (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else MISSING
            after = new[index] if index < len(new) else MISSING
            yield from changes(before, after, (*path, index))
    elif old != new or type(old) is not type(new):
        yield path, Change.UPDATED


@dataclass(frozen=True, slots=True)
class Difference:
    """What an `up` would change about one resource."""

    inputs: Mapping[Path, Change]
    """By path: differences between the inputs."""
    drift: Mapping[str, str]
    """By output: why the resource is not what its state says."""
    replaces: frozenset[str]
    """Top-level inputs whose change needs another resource."""

    @property
    def any(self) -> bool:
        """Whether anything has to be done."""
        return bool(self.inputs or self.drift)

    @property
    def top(self) -> list[str]:
        """Names of the properties that change."""
        return sorted({str(path[0]) for path in self.inputs} | set(self.drift))

    def forces_replacement(self, path: Path) -> bool:
        """Whether the change at `path` needs another resource."""
        return path[0] in self.replaces


def compare(
    old: Properties, new: Properties, ignored: Iterable[str], drift: Mapping[str, str], replaces: frozenset[str]
) -> Difference:
    """The difference that counts.

    Args:
        old: inputs of the last success.
        new: inputs now.
        ignored: property paths, as the user wrote them, whose changes do not count.
        drift: by output: why the resource is not what its state says.
        replaces: top-level inputs that cannot be changed in place.
    """
    prefixes = tuple(ignored)
    found = {path: change for path, change in changes(old, new) if not _is_below(text(path), prefixes)}
    return Difference(found, drift, replaces)


def _is_below(path: str, prefixes: tuple[str, ...]) -> bool:
    return any(path == prefix or path.startswith((f"{prefix}.", f"{prefix}[")) for prefix in prefixes)
