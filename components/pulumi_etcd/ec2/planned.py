"""A resource of AWS as a plain value, and what stands in it for values that only other resources know: pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Properties = Mapping[str, Any]
"""In camelCase, as every language sees them. Leaves may be outputs that the program passed, and those below."""


@dataclass(frozen=True, slots=True)
class Ref:
    """An output of another resource of the plan."""

    of: str
    """Name of the resource."""
    output: str = "id"


@dataclass(frozen=True, slots=True)
class Version:
    """The latest version of a launch template of the plan, as text."""

    of: str


@dataclass(frozen=True, slots=True)
class Json:
    """The JSON text of a value."""

    value: Any


@dataclass(frozen=True, slots=True)
class Joined:
    """A text of several parts."""

    parts: Sequence[Any]


@dataclass(frozen=True, slots=True)
class UserData:
    """A machine's user data, in Base64."""

    config: Properties


@dataclass(frozen=True, slots=True)
class File:
    """The content of a file of the machine that runs Pulumi."""

    path: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is delivered to a member: its certificates and keys; secret."""

    slot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One resource."""

    name: str
    """Of the resource; no other of the plan has it."""
    kind: str
    """Its type, such as `aws:ebs/volume:Volume`."""
    properties: Properties
    after: Sequence[str] = ()
    """Names of resources that it needs, beside those that its properties refer to."""
    protect: bool = False
    left: bool = False
    """Whether it is not deleted by itself: it goes with another resource."""
    kept: Sequence[str] = ()
    """Properties that stay as they were made."""
    secret: Sequence[str] = ()
    """Outputs that are secret, whatever the plugin says."""


def refs(value: Any) -> Iterator[Ref]:
    """Every output of another resource that a value refers to."""
    match value:
        case Ref():
            yield value
        case Version(of):
            yield Ref(of, "latestVersion")
        case Json(inner) | UserData(inner) | Joined(inner):
            yield from refs(inner)
        case Mapping():
            for each in value.values():
                yield from refs(each)
        case list() | tuple():
            for each in value:
                yield from refs(each)


def outputs(plan: Iterable[Planned]) -> dict[str, set[str]]:
    """Which outputs of each resource others refer to, by its name."""
    found: dict[str, set[str]] = {}
    for planned in plan:
        for ref in refs(planned.properties):
            found.setdefault(ref.of, set()).add(ref.output)
    return found


def replaced(value: Any, leaf: Callable[[Any], Any]) -> Any:
    """A value with every leaf replaced; what stands for something counts as a leaf.

    Args:
        value: of a resource's properties.
        leaf: says what stands in a leaf's place.
    """
    match value:
        case Mapping():
            return {key: replaced(inner, leaf) for key, inner in value.items()}
        case list() | tuple():
            return [replaced(inner, leaf) for inner in value]
    return leaf(value)
