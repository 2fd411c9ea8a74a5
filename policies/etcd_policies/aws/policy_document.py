"""IAM policy documents, read: statements with their parts as lists."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etcd_policies.aws.callers import named
from etcd_policies.aws.properties import Properties, Unclear

ANYBODY = "*"


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a policy document."""

    path: str
    allows: bool
    values: Mapping[str, Any]

    @property
    def actions(self) -> tuple[str, ...]:
        """What it is about; empty where it names only exceptions."""
        return _texts(self.values, "Action", self.path)

    @property
    def resources(self) -> tuple[str, ...]:
        """ARNs that it is about."""
        return _texts(self.values, "Resource", self.path)

    @property
    def exceptions(self) -> tuple[str, ...]:
        """The parts that name what the statement is not about."""
        return tuple(key for key in ("NotAction", "NotResource", "NotPrincipal") if key in self.values)

    @property
    def conditions(self) -> Mapping[str, Any]:
        """Operators with the keys that they compare; what is no object is no condition."""
        found = self.values.get("Condition")
        return found if isinstance(found, Mapping) else {}

    @property
    def for_anybody(self) -> bool:
        """Whether it speaks of every principal there is, without exception."""
        principal = self.values.get("Principal")
        if isinstance(principal, Mapping):
            return any(ANYBODY in _texts(principal, kind, self.path) for kind in principal)
        return principal == ANYBODY

    @property
    def lets_anybody_in(self) -> bool:
        """Whether it allows something to principals that nobody named: to all, or to all but some."""
        anybody = self.for_anybody or "NotPrincipal" in self.values
        return self.allows and anybody and not named(self.conditions)


def statements(properties: Properties, key: str) -> tuple[Statement, ...]:
    """The statements of the policy document in a property, which is JSON or an object.

    Raises:
        Unclear: it is no policy document.
        UnknownValueError: it is not known yet.
    """
    document = _document(properties, key)
    found = document.get("Statement")
    listed = [found] if isinstance(found, Mapping) else found
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        raise Unclear(properties.at(key), "has no statements")
    return tuple(_statements(listed, properties.at(key)))


def _document(properties: Properties, key: str) -> Mapping[str, Any]:
    value = properties.value(key)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise Unclear(properties.at(key), "is not JSON") from error
    if not isinstance(value, Mapping):
        raise Unclear(properties.at(key), "is not a policy document")
    return value


def _statements(listed: Sequence[Any], path: str) -> Iterator[Statement]:
    for index in range(len(listed)):
        each = listed[index]
        where = f"{path}.Statement[{index}]"
        if not isinstance(each, Mapping) or each.get("Effect") not in {"Allow", "Deny"}:
            raise Unclear(where, "is not a statement")
        yield Statement(where, each["Effect"] == "Allow", each)


def _texts(values: Mapping[str, Any], key: str, path: str) -> tuple[str, ...]:
    value = values.get(key, ())
    listed = (value,) if isinstance(value, str) else value
    if not isinstance(listed, Sequence) or not all(isinstance(each, str) for each in listed):
        raise Unclear(f"{path}.{key}", "is neither a text nor a list of texts")
    return tuple(listed)
