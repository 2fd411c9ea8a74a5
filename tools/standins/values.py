"""Property values as they cross the wire: structs, with secrets wrapped and unknowns as a marker string."""

from typing import Any, TypeAlias

from google.protobuf import json_format, struct_pb2

Properties: TypeAlias = dict[str, Any]

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key that marks a wrapped value (github.com/pulumi/pulumi, sdk/go/common/resource/sig)."""

SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (a public marker)
"""What the signature of a secret says."""

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Stands for a value that is not known before an update has run."""


def load(struct: struct_pb2.Struct) -> Properties:
    """Properties from the wire."""
    loaded: Properties = json_format.MessageToDict(struct)
    return loaded


def dump(properties: Properties) -> struct_pb2.Struct:
    """Properties for the wire."""
    return json_format.ParseDict(properties, struct_pb2.Struct())


def secret(value: object) -> Properties:
    """A value marked as secret."""
    return {SIGNATURE: SECRET, "value": value}


def plain(value: Any) -> Any:
    """A value without the marks of secrets, at any depth."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            return plain(value["value"])
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


def is_unknown(value: Any) -> bool:
    """Whether a value, or any part of it, is unknown."""
    bare = plain(value)
    if isinstance(bare, dict):
        return any(map(is_unknown, bare.values()))
    if isinstance(bare, list):
        return any(map(is_unknown, bare))
    return bool(bare == UNKNOWN)


def is_secret(value: Any) -> bool:
    """Whether a value as a whole is marked as secret."""
    return isinstance(value, dict) and value.get(SIGNATURE) == SECRET


def marked_like(value: Any, example: Any) -> Any:
    """A plain value with the marks of secrets where another value has them."""
    if is_secret(example):
        return secret(value)
    if isinstance(value, dict) and isinstance(example, dict):
        return {key: marked_like(inner, example.get(key)) for key, inner in value.items()}
    if isinstance(value, list) and isinstance(example, list):
        beside = [*example, *[None] * len(value)]
        return [marked_like(inner, other) for inner, other in zip(value, beside, strict=False)]
    return value


def whole_numbers(value: Any) -> Any:
    """A value whose numbers without a fraction are integers, which the wire does not know."""
    if isinstance(value, dict):
        return {key: whole_numbers(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [whole_numbers(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
