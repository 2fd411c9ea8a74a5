"""What is wrong with the inputs of a resource, by a kind's table of properties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tools.standins.aws.forms import Field, Fields
from tools.standins.differences import Path
from tools.standins.values import UNKNOWN

WORDS = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


def problems(fields: Fields, inputs: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, str]]:
    """What is certainly wrong with plain inputs, by place.

    Args:
        fields: the properties that there are.
        inputs: some of whose values may be unknown.
        path: of the inputs themselves.
    """
    for name in sorted(inputs.keys() - fields.keys()):
        yield (*path, name), "is not supported by this stand-in: leave it out, or add it to its table"
    for name, field in fields.items():
        value = inputs.get(name)
        if value is None and field.required:
            yield (*path, name), "is missing"
        elif value is not None and value != UNKNOWN:
            yield from _of_value(field, value, (*path, name))


def _of_value(field: Field, value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    wanted = field.form.type
    if not _fits(wanted, value):
        yield path, f"is not {WORDS[wanted]}"
    elif field.form.inside:
        yield from _of_list(field, value, path) if wanted is list else problems(field.form.inside, value, path)


def _fits(wanted: type, value: Any) -> bool:
    if wanted in (int, float) and isinstance(value, bool):
        return False
    return isinstance(value, int if wanted is int else (int, float) if wanted is float else wanted)


def _of_list(field: Field, values: list[Any], path: Path) -> Iterator[tuple[Path, str]]:
    for index, value in enumerate(values):
        if isinstance(value, dict):
            yield from problems(field.form.inside, value, (*path, index))
        elif value != UNKNOWN:
            yield (*path, index), "is not an object"
