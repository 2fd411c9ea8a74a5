"""Pydantic's errors in the user's terms: the path as written, what is wrong, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from etcd_ops.model.problems import Problem, suggestion

Location = tuple[int | str, ...]
_KEY = "[key]"
"""Where pydantic reports a key of a mapping rather than its value."""

_FINGERPRINT = ("is not a SHA-256 fingerprint", "give 64 lower-case hexadecimal digits")
_NAME = ("is not a DNS label", "use at most 63 lower-case letters, digits and dashes, none of them at an end")
_TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "missing": ("is missing", "declare it"),
        "string_type": ("must be a string", ""),
        "int_type": ("must be an integer", ""),
        "int_from_float": ("must be an integer", "give a whole number"),
        "bool_type": ("must be true or false", ""),
        "dict_type": ("must be an object", ""),
        "model_type": ("must be an object", ""),
        "model_attributes_type": ("must be an object", ""),
        "tuple_type": ("must be a list", ""),
        "too_short": ("must not be empty", "declare at least one"),
    }
)


def structural_problems(error: ValidationError, model: type[BaseModel], prefix: str = "") -> tuple[Problem, ...]:
    """Every error of a validation of `model`, as a problem.

    Args:
        error: what pydantic raised.
        model: the model that was validated.
        prefix: path of the validated value in the whole declaration; empty for the whole.
    """
    return tuple(_problem(each, model, prefix) for each in error.errors(include_url=False))


def path_of(location: Location, prefix: str = "") -> str:
    """The path a user would write for a location of pydantic's."""
    return ".".join(part for part in (prefix, *(str(each) for each in location if each != _KEY)) if part)


def _problem(error: ErrorDetails, model: type[BaseModel], prefix: str) -> Problem:
    path, kind = path_of(error["loc"], prefix), error["type"]
    if kind == "extra_forbidden":
        *folder, name = error["loc"]
        return Problem(
            path, "is not a property", suggestion(str(name), properties(model, tuple(folder))) or "remove it"
        )
    if kind == "string_pattern_mismatch":
        reason, remedy = _FINGERPRINT if "64" in error["ctx"]["pattern"] else _NAME
        return Problem(path, f"{error['input']!r} {reason}", remedy)
    if kind in ("greater_than", "greater_than_equal"):
        least = error["ctx"]["gt"] + 1 if kind == "greater_than" else error["ctx"]["ge"]
        return Problem(path, f"must be at least {least}, not {error['input']!r}")
    reason, remedy = _TEXTS.get(kind, (error["msg"], ""))
    return Problem(path, reason, remedy)


def properties(model: type[BaseModel], location: Location) -> tuple[str, ...]:
    """Names of the properties at a location of a model, as users write them."""
    found: Any = model
    for part in location:
        found = _inner(found, str(part))
    return tuple(_aliases(found)) if isinstance(found, type) and issubclass(found, BaseModel) else ()


def _aliases(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield field.alias or name


def _inner(found: Any, part: str) -> Any:
    if get_origin(found) is dict:
        return get_args(found)[1]
    if isinstance(found, type) and issubclass(found, BaseModel):
        named = {field.alias or name: field.annotation for name, field in found.model_fields.items()}
        return named.get(part)
    return None


def normalised(value: Any) -> Any:
    """`value` with whole floats as integers: other languages and the engine send every number as a float."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): normalised(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [normalised(each) for each in value]
    return value


def mapped(value: Any, change: Callable[[Location, Any], Any], location: Location = ()) -> Any:
    """`value` with `change` applied to every leaf, which is given its location."""
    if isinstance(value, Mapping):
        return {key: mapped(each, change, (*location, key)) for key, each in value.items()}
    if isinstance(value, list):
        return [mapped(each, change, (*location, index)) for index, each in enumerate(value)]
    return change(location, value)
