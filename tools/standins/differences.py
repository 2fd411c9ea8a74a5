"""What differs between the inputs of before and of now, as the engine wants to hear it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pulumi.runtime.proto import provider_pb2

Path: TypeAlias = tuple[str | int, ...]

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MISSING = object()

KINDS = provider_pb2.PropertyDiff
REPLACING = {KINDS.ADD: KINDS.ADD_REPLACE, KINDS.DELETE: KINDS.DELETE_REPLACE, KINDS.UPDATE: KINDS.UPDATE_REPLACE}


@dataclass(frozen=True)
class Difference:
    """What an update has to do."""

    changes: Mapping[Path, provider_pb2.PropertyDiff.Kind.ValueType]
    replacing: Collection[Path]
    delete_first: bool
    """Whether the new object would have the old one's name."""

    def response(self) -> provider_pb2.DiffResponse:
        """The same for the engine."""
        detailed = {
            written(path): provider_pb2.PropertyDiff(
                kind=REPLACING[kind] if path in self.replacing else kind, inputDiff=True
            )
            for path, kind in self.changes.items()
        }
        some = provider_pb2.DiffResponse.DIFF_SOME if detailed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=some,
            replaces=[written(path) for path in self.replacing],
            diffs=sorted({str(path[0]) for path in self.changes}),
            deleteBeforeReplace=self.delete_first,
            hasDetailedDiff=True,
            detailedDiff=detailed,
        )


def changes(
    before: object, after: object, path: Path = ()
) -> Iterator[tuple[Path, provider_pb2.PropertyDiff.Kind.ValueType]]:
    """The places at which two values differ, and how."""
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            yield from changes(before.get(name, MISSING), after.get(name, MISSING), (*path, name))
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            old, new = (each[index] if index < len(each) else MISSING for each in (before, after))
            yield from changes(old, new, (*path, index))
    else:
        kind = KINDS.ADD if before is MISSING else KINDS.DELETE if after is MISSING else KINDS.UPDATE
        yield path, kind


def written(path: Path) -> str:
    """A path as the engine writes it, such as `spec.ports[0].name` or `metadata.labels["a/b"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif PLAIN.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text
