"""The least of how AWS judges a request by IAM documents, as far as those of a cluster go (IAM User Guide, "Policy
evaluation logic"). A condition that is not known here is an error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True)
class Request:
    action: str
    resource: str
    context: Mapping[str, Any] = field(default_factory=dict)
    """Condition keys, and their values: a text, or a list of some."""


def allows(documents: Iterable[Mapping[str, Any]], request: Request) -> bool:
    """Whether one of the documents allows it, and none denies it."""
    effects = {each["Effect"] for document in documents for each in document["Statement"] if _applies(each, request)}
    return effects == {"Allow"}


def denies(document: Mapping[str, Any], request: Request) -> bool:
    """Whether a document denies it, whatever others say."""
    return any(each["Effect"] == "Deny" and _applies(each, request) for each in document["Statement"])


def _applies(statement: Mapping[str, Any], request: Request) -> bool:
    conditions = statement.get("Condition", {})
    return (
        _names(statement, "Action", request.action)
        and _names(statement, "Resource", request.resource)
        and all(
            _TESTS[test](request.context.get(key), wanted)
            for test, keys in conditions.items()
            for key, wanted in keys.items()
        )
    )


def _names(statement: Mapping[str, Any], what: str, text: str) -> bool:
    """Whether this is among what a statement names, or among all else where it names what it is not about."""
    return _among(statement.get(what, statement.get(f"Not{what}", ())), text) == (what in statement)


def _among(patterns: Iterable[str], text: str) -> bool:
    return any(fnmatchcase(text, each) for each in patterns)


def _values(wanted: Any) -> list[str]:
    return [wanted] if isinstance(wanted, str) else list(wanted)


def _number_less(found: Any, wanted: Any) -> bool:
    return found is not None and float(found) < float(wanted)


_TESTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "StringEquals": lambda found, wanted: found in _values(wanted),
    "StringNotEquals": lambda found, wanted: found not in _values(wanted),
    "ArnLike": lambda found, wanted: found is not None and _among(_values(wanted), found),
    "ArnEquals": lambda found, wanted: found in _values(wanted),
    "Bool": lambda found, wanted: found == wanted,
    "BoolIfExists": lambda found, wanted: found is None or found == wanted,
    "Null": lambda found, wanted: (found is None) == (wanted == "true"),
    "NumericLessThan": _number_less,
    "ForAllValues:StringEquals": lambda found, wanted: set(found or ()) <= set(_values(wanted)),
}
