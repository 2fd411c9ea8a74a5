"""How one value is written: by a program, and in a call of AWS."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Converter: TypeAlias = Callable[[Any], Any]


def as_it_is(value: Any) -> Any:
    """A value that both sides write alike."""
    return value


@dataclass(frozen=True)
class Form:
    """How one value is written."""

    type: type
    """What a program gives."""
    outgoing: Converter = as_it_is
    incoming: Converter = as_it_is
    inside: Fields = field(default_factory=dict)
    """The properties of a structure."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One property of a resource, or of a structure in it."""

    form: Form
    aws: str = ""
    """AWS's name; the property's own with a capital letter if left out."""
    required: bool = False
    fixed: bool = False
    """Whether a change of it replaces the resource."""
    apart: bool = False
    """Whether it is no part of AWS's object, or of no call that the others are in: its kind deals with it."""


Fields: TypeAlias = Mapping[str, Field]
"""By the name that a program uses."""


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as most of AWS's services write them."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def tag_map(tags: list[dict[str, str]]) -> dict[str, str]:
    """Tags as a program writes them; without AWS's own."""
    return {tag["Key"]: tag.get("Value", "") for tag in tags if not tag["Key"].startswith("aws:")}


def _canonical(document: str) -> str:
    return json.dumps(json.loads(document), sort_keys=True, separators=(",", ":"))


TEXT = Form(str)
NUMBER = Form(int)
AMOUNT = Form(float)
SWITCH = Form(bool)
TEXTS = Form(list, incoming=sorted)
MAP = Form(dict)
TAGS = Form(dict, outgoing=tag_list, incoming=tag_map)
FLAG = Form(str, outgoing=lambda value: value == "true", incoming=lambda value: str(value).lower())
"""A switch that the official provider's types hold as a text, to tell false from not given."""
DOCUMENT = Form(str, incoming=_canonical)
"""JSON, of which only the meaning counts."""


def structure(**inside: Field) -> Form:
    """A form for one structure with these properties."""
    return Form(
        dict,
        outgoing=lambda value: outgoing(inside, value),
        incoming=lambda value: incoming(inside, value),
        inside=inside,
    )


def structures(**inside: Field) -> Form:
    """A form for a list of structures with these properties."""
    return Form(
        list,
        outgoing=lambda values: [outgoing(inside, value) for value in values],
        incoming=lambda values: [incoming(inside, value) for value in values],
        inside=inside,
    )


def capital(name: str) -> str:
    """AWS's usual name for a property."""
    return name[0].upper() + name[1:]


def outgoing(fields: Fields, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a call for plain inputs."""
    return {
        each.aws or capital(name): each.form.outgoing(inputs[name])
        for name, each in fields.items()
        if inputs.get(name) is not None and not each.apart
    }


def incoming(fields: Fields, answer: Mapping[str, Any]) -> dict[str, Any]:
    """The properties that AWS's object has."""
    return {
        name: each.form.incoming(answer[key])
        for name, each in fields.items()
        if not each.apart and answer.get(key := each.aws or capital(name)) is not None
    }
