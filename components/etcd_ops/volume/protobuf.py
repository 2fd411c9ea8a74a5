"""Enough of protobuf's wire format to read etcd's write-ahead log. Pure; standard library only.

Source: https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def fields(message: bytes) -> dict[int, int | bytes] | None:
    """The fields of a message by number, the last of each; None where it is not a message."""
    found: dict[int, int | bytes] = {}
    offset = 0
    while offset < len(message):
        tag = varint(message, offset)
        if tag is None or not tag[0] >> 3:
            return None
        field = _value(message, tag[1], tag[0] & 0x7)
        if field is None:
            return None
        found[tag[0] >> 3], offset = field
    return found


def _value(message: bytes, offset: int, wire: int) -> tuple[int | bytes, int] | None:
    if wire == _VARINT:
        return varint(message, offset)
    size = _size(message, offset, wire)
    if size is None:
        return None
    length, begin = size
    if len(message) < begin + length:
        return None
    return message[begin : begin + length], begin + length


def _size(message: bytes, offset: int, wire: int) -> tuple[int, int] | None:
    """Length and begin of a field that is not a varint."""
    if wire == _BYTES:
        return varint(message, offset)
    fixed = {_FIXED64: 8, _FIXED32: 4}.get(wire)
    return None if fixed is None else (fixed, offset)


def varint(message: bytes, offset: int = 0) -> tuple[int, int] | None:
    """A varint and the offset after it; None where it is cut off or does not fit 64 bits."""
    value = 0
    for position, byte in enumerate(message[offset : offset + 10]):
        value |= (byte & 0x7F) << (7 * position)
        if byte < 0x80:
            return (value, offset + position + 1) if value < 1 << 64 else None
    return None
