"""Documents of AWS that say who may do what: what is unbounded in them, and what they forbid or allow."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from etcd_ops.review.preview import State
from etcd_ops.review.values import Properties, text_of

_EVERYTHING = frozenset({"*", "*:*"})


def unbounded(state: State | None) -> frozenset[str]:
    """What a document allows without a condition, and without naming what, or on what, in words."""
    allowed = (each for each in _statements(state) if each.get("Effect") == "Allow" and not each.get("Condition"))
    return frozenset(words for each in allowed if (words := _words(each)))


def _words(statement: Properties) -> str:
    """In words; empty where it names actions and resources."""
    actions, resources = _named(statement.get("Action")), _named(statement.get("Resource"))
    if not _is_anything(statement, "Action") and not _is_anything(statement, "Resource"):
        return ""
    what = "every action" if _is_anything(statement, "Action") else ", ".join(actions)
    where = "every resource" if _is_anything(statement, "Resource") else ", ".join(resources)
    return f"{what} on {where}"


def _is_anything(statement: Properties, name: str) -> bool:
    return f"Not{name}" in statement or not _EVERYTHING.isdisjoint(_named(statement.get(name)))


def _named(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(each for each in values if isinstance(each, str))


def statements(state: State | None, effect: str) -> Mapping[str, str]:
    """Names of the statements with an effect, each by the whole of it."""
    found = (each for each in _statements(state) if each.get("Effect") == effect)
    return {json.dumps(each, sort_keys=True): text_of(each.get("Sid")) or "one without a name" for each in found}


def _statements(state: State | None) -> Iterator[Properties]:
    """Of a document that is known and can be read."""
    try:
        document = json.loads(text_of(state.inputs.get("policy"))) if state is not None else {}
    except (json.JSONDecodeError, RecursionError):
        document = {}
    found = document.get("Statement") if isinstance(document, Mapping) else ()
    for each in found if isinstance(found, list) else [found]:
        if isinstance(each, Mapping):
            yield each
