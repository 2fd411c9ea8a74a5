"""From arguments as Python programs write them (snake_case) to properties as every language sees them (camelCase)."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import typing_extensions
from pulumi.provider.experimental.util import camel_case

_NOT_REQUIRED = tuple(
    marker for module in (typing, typing_extensions) if (marker := getattr(module, "NotRequired", None)) is not None
)
_MARKERS = tuple(
    marker
    for module in (typing, typing_extensions)
    for marker in (getattr(module, "NotRequired", None), getattr(module, "Required", None))
    if marker is not None
)


def to_wire(arguments: Mapping[str, Any], shape: type) -> dict[str, Any]:
    """Rename the properties of a TypedDict, and of those inside it; keys of plain maps and outputs stay as they are.

    Args:
        arguments: the values; absent and None properties are left out.
        shape: their TypedDict class, of a module without postponed annotations.

    Raises:
        pulumi.RunError: a property that the TypedDict does not have, by its path.
    """
    found = strangers(arguments, shape)
    if found:
        raise pulumi.RunError("\n".join(f"{path}: there is no such property" for path in found))
    return {
        camel_case(name): _convert(value, inner_type(shape.__annotations__[name]))
        for name, value in arguments.items()
        if value is not None
    }


def from_wire(properties: Mapping[str, Any], shape: type) -> dict[str, Any]:
    """The inverse of `to_wire`; a property that the TypedDict does not have keeps its name, for others to refuse."""
    names = {camel_case(name): name for name in shape.__annotations__}
    known = {names[name]: value for name, value in properties.items() if name in names}
    strange = {name: value for name, value in properties.items() if name not in names}
    reverted = {name: _revert(value, inner_type(shape.__annotations__[name])) for name, value in known.items()}
    return {**reverted, **strange}


def strangers(arguments: Mapping[str, Any], shape: type, prefix: str = "") -> list[str]:
    """Paths of properties that the TypedDict does not have."""
    found = []
    for name, value in arguments.items():
        annotation = shape.__annotations__.get(name)
        if annotation is None:
            found.append(f"{prefix}{camel_case(name)}")
        elif typing.is_typeddict(inner_type(annotation)) and isinstance(value, Mapping):
            found += strangers(value, inner_type(annotation), f"{prefix}{camel_case(name)}.")
    return found


def to_snake(name: str) -> str:
    """`clusterName` as `cluster_name`."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _convert(value: Any, annotation: Any) -> Any:
    if isinstance(value, pulumi.Output):
        return value
    if typing.is_typeddict(annotation) and isinstance(value, Mapping):
        return to_wire(value, annotation)
    inner = [inner_type(argument) for argument in typing.get_args(annotation)]
    if isinstance(value, Mapping) and len(inner) == 2:
        return {key: _convert(item, inner[1]) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str) and len(inner) == 1:
        return [_convert(item, inner[0]) for item in value]
    return value


def _revert(value: Any, annotation: Any) -> Any:
    if typing.is_typeddict(annotation) and isinstance(value, Mapping):
        return from_wire(value, annotation)
    inner = [inner_type(argument) for argument in typing.get_args(annotation)]
    if isinstance(value, Mapping) and len(inner) == 2:
        return {key: _revert(item, inner[1]) for key, item in value.items()}
    return value


def is_optional(annotation: Any) -> bool:
    """Whether a property may be absent; `__required_keys__` does not know before Python 3.11."""
    return typing.get_origin(annotation) in _NOT_REQUIRED


def inner_type(annotation: Any) -> Any:
    """The type without what says that it may be absent, or an output."""
    origin = typing.get_origin(annotation)
    if origin in _MARKERS or origin is typing.Union:
        return inner_type(typing.get_args(annotation)[0])
    return annotation
