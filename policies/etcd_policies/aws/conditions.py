"""Conditions of policy documents, read: what they compare, and whether that confines a permission to some resources."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

COMPARING = frozenset(
    f"{quantifier}{operator}"
    for quantifier in ("", "ForAnyValue:")
    for operator in ("StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike")
)
"""Operators that are false where the key is missing or is none of the values. Others are true of some stranger: those
that deny, `ForAllValues` and `...IfExists` of whoever brings no such key."""
_REQUESTED_TAG = "aws:requesttag/"
_WILDCARDS = "*?"


def comparisons(conditions: Mapping[str, Any]) -> Iterator[tuple[str, str, Sequence[Any]]]:
    """Operator, key in lower case, and values, of which there is one at least."""
    for operator, compared in conditions.items():
        for key, value in compared.items() if isinstance(compared, Mapping) else ():
            values = value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
            if values:
                yield operator, key.lower(), values


def confine(conditions: Mapping[str, Any], actions: Collection[str], keys: Collection[str]) -> bool:
    """Whether conditions, all of which have to be true, are true of some resources of a kind only.

    Args:
        conditions: of a statement that allows.
        actions: that it allows.
        keys: that tell resources from each other, where `*` is any text.
    """
    return any(
        operator in COMPARING and _tells(key, actions, keys) and all(str(each).strip(_WILDCARDS) for each in values)
        for operator, key, values in comparisons(conditions)
    )


def _tells(key: str, actions: Collection[str], keys: Collection[str]) -> bool:
    # Whoever may tag what is there already brings the tag that is asked for.
    if key.startswith(_REQUESTED_TAG) and any("tag" in action.partition(":")[2].lower() for action in actions):
        return False
    return any(fnmatchcase(key, each.lower()) for each in keys)
