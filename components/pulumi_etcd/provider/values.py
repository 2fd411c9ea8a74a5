"""Property values as the plugin protocol carries them, and as resources see them.

A resource sees plain values: secrets unwrapped, whole numbers as `int`, and `UNKNOWN` where a preview does not know.
The signatures are constants of the protocol (pulumi/pulumi, sdk/go/common/resource/properties.go and
sdk/python/lib/pulumi/runtime/rpc.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf import json_format, struct_pb2

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""A value that is not known before something else is created."""
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  (a constant of the protocol)
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"

Properties = dict[str, Any]
Path = tuple[str | int, ...]
"""Names of properties and indices of lists, from the outside in."""


def load(struct: struct_pb2.Struct) -> tuple[Properties, frozenset[Path]]:
    """Plain properties, and the paths of those that are secret."""
    secrets: set[Path] = set()
    properties = _plain(json_format.MessageToDict(struct), (), secrets)
    return properties, frozenset(secrets)


def dump(properties: Properties, secrets: Iterable[Path] = ()) -> struct_pb2.Struct:
    """Properties for the engine, marked secret at `secrets`, as far as these paths exist."""
    marked: Any = properties
    for path in secrets:
        marked = _mark(marked, path)
    return json_format.ParseDict(marked, struct_pb2.Struct())


def unknown_paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where a value is not known yet."""
    if value == UNKNOWN:
        yield path
    for key, inner in _items(value):
        yield from unknown_paths(inner, (*path, key))


def text(path: Path) -> str:
    """A property path as the engine writes it: `members.m0.zones[0]`, `x["a.b"]`."""
    parts = []
    for part in path:
        if isinstance(part, int):
            parts.append(f"[{part}]")
        elif part and not set(part) & set('."[]'):
            parts.append(f".{part}")
        else:
            escaped = part.replace('"', '\\"')
            parts.append(f'["{escaped}"]')
    return "".join(parts).removeprefix(".")


def _items(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def _plain(value: Any, path: Path, secrets: set[Path]) -> Any:
    if isinstance(value, dict):
        signature = value.get(SIGNATURE)
        if signature in (SECRET, OUTPUT):
            if signature == SECRET or value.get("secret"):
                secrets.add(path)
            return _plain(value.get("value", UNKNOWN), path, secrets)
        return {key: _plain(inner, (*path, key), secrets) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, (*path, index), secrets) for index, inner in enumerate(value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _mark(value: Any, path: Path) -> Any:
    if not path:
        return value if _is_secret(value) else {SIGNATURE: SECRET, "value": value}
    if _is_secret(value):
        return value
    key, rest = path[0], path[1:]
    if isinstance(value, dict) and key in value:
        return {**value, key: _mark(value[str(key)], rest)}
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        return [*value[:key], _mark(value[key], rest), *value[key + 1 :]]
    return value


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and value.get(SIGNATURE) == SECRET
