"""The properties of a resource, read leaf by leaf: what may be left out has a default, what is no such value is told.

Reading what is unknown in a preview raises the policy SDK's UnknownValueError.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etcd_ops.model.problems import Problem
from etcd_policies.contract import Unreadable

_FLAGS: Mapping[str, bool] = {"true": True, "false": False}
"""Launch templates write truth values as texts, so that they can also be left open."""


class Unclear(Unreadable):
    """A property that a rule needs is not what it should be."""

    @property
    def problem(self) -> Problem:
        """What to tell of it: what cannot be judged never passes."""
        return Problem(self.path, f"{self.reason}, so that the resource cannot be judged", "correct it")


@dataclass(frozen=True, slots=True)
class Properties:
    """An object among the properties of a resource."""

    values: Mapping[str, Any]
    path: str = ""

    def at(self, key: str) -> str:
        """The path of one of its properties."""
        return f"{self.path}.{key}" if self.path else key

    def has(self, key: str) -> bool:
        """Whether there is such a property, known or not."""
        return key in frozenset(self.values)

    def value(self, key: str) -> Any:
        """Whatever it is; None where it is left out."""
        return self.values[key] if self.has(key) else None

    def flag(self, key: str) -> bool | None:
        """A truth value; None where it is left open."""
        value = self.value(key)
        if value is None or value == "" or isinstance(value, bool):
            return value if isinstance(value, bool) else None
        if isinstance(value, str) and value in _FLAGS:
            return _FLAGS[value]
        raise Unclear(self.at(key), "is neither true nor false")

    def whole(self, key: str) -> int | None:
        """A whole number; None where it is left open."""
        value = self.value(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
            raise Unclear(self.at(key), "is not a whole number")
        return int(value)

    def text(self, key: str) -> str:
        """A text; empty where it is left open."""
        value = self.value(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise Unclear(self.at(key), "is not a text")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty where it is left open."""
        found = self._list(key)
        if not all(isinstance(each, str) for each in found):
            raise Unclear(self.at(key), "is not a list of texts")
        return tuple(found)

    def section(self, key: str) -> Properties:
        """An object in it; an empty one where it is left out."""
        value = self.value(key)
        if value is None:
            return Properties({}, self.at(key))
        return _object(value, self.at(key))

    def sections(self, key: str) -> tuple[Properties, ...]:
        """A list of objects in it; empty where it is left out."""
        found = self._list(key)
        return tuple(_object(each, f"{self.at(key)}[{index}]") for index, each in enumerate(found))

    def _list(self, key: str) -> Sequence[Any]:
        value = self.value(key)
        if value is None:
            return ()
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise Unclear(self.at(key), "is not a list")
        return value


def _object(value: Any, path: str) -> Properties:
    if not isinstance(value, Mapping):
        raise Unclear(path, "is not an object")
    return Properties(value, path)
