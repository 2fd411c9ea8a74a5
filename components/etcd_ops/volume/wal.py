"""The head of etcd's write-ahead log: which member of which cluster wrote it. Pure; standard library only.

A log file is a sequence of frames: a little-endian 64-bit field (the record's size in the lower 56 bits; if
the top bit is set, the three bits 56 to 58 count the bytes of padding), the record, the padding. Every file
begins with a record of the running checksum, followed by one of metadata. Source: `storage/wal` (`wal` in
3.5) of go.etcd.io/etcd/server/v3 at 3.5.34, 3.6.15 and 3.7.2, files decoder.go, encoder.go, wal.go and
walpb/record.proto; the metadata is the message `Metadata` of etcdserverpb/etcdserver.proto in
go.etcd.io/etcd/api/v3.
"""

from __future__ import annotations

from typing import NamedTuple

HEAD_BYTES = 4096
"""Enough of a file for `head_identity`: the first two records take less than 128 bytes."""

_METADATA = 1
_CRC = 4
_FRAME_BYTES = 8
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_CASTAGNOLI = 0x82F63B78


def head_identity(data: bytes) -> tuple[int, int] | None:
    """Cluster ID and member ID from the beginning of a log file.

    Args:
        data: the file's first `HEAD_BYTES`, or all of it.

    Returns:
        None where the head is truncated, damaged or not etcd's.
    """
    start = _record(data, 0)
    if start is None or start.kind != _CRC:
        return None
    metadata = _record(data, start.end)
    if metadata is None or metadata.kind != _METADATA:
        return None
    if metadata.crc != checksum(metadata.data, start.crc):
        return None
    return _identity(metadata.data)


def checksum(data: bytes, previous: int = 0) -> int:
    """CRC-32C of `data`, continued from the checksum of what came before it."""
    value = previous ^ 0xFFFFFFFF
    for byte in data:
        value = _TABLE[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


class _Record(NamedTuple):
    kind: int
    crc: int
    data: bytes
    end: int
    """Offset of the next frame."""


def _record(data: bytes, offset: int) -> _Record | None:
    begin = offset + _FRAME_BYTES
    if len(data) < begin:
        return None
    frame = int.from_bytes(data[offset:begin], "little")
    size = frame & ((1 << 56) - 1)
    padding = (frame >> 56) & 0x7 if frame >> 63 else 0
    if size == 0 or len(data) < begin + size + padding:
        return None
    fields = _fields(data[begin : begin + size])
    if fields is None:
        return None
    kind, crc, content = fields.get(1), fields.get(2, 0), fields.get(3, b"")
    if not isinstance(kind, int) or not isinstance(crc, int) or not isinstance(content, bytes):
        return None
    return _Record(kind, crc, content, begin + size + padding)


def _identity(metadata: bytes) -> tuple[int, int] | None:
    fields = _fields(metadata)
    if fields is None:
        return None
    member, cluster = fields.get(1), fields.get(2)
    if not isinstance(member, int) or not isinstance(cluster, int) or not member or not cluster:
        return None
    return cluster, member


def _fields(message: bytes) -> dict[int, int | bytes] | None:
    """The fields of a protobuf message by number; None where it is not one."""
    fields: dict[int, int | bytes] = {}
    offset = 0
    while offset < len(message):
        tag = _varint(message, offset)
        if tag is None or not tag[0] >> 3:
            return None
        field = _value(message, tag[1], tag[0] & 0x7)
        if field is None:
            return None
        fields[tag[0] >> 3], offset = field
    return fields


def _value(message: bytes, offset: int, wire: int) -> tuple[int | bytes, int] | None:
    if wire == _VARINT:
        return _varint(message, offset)
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
        return _varint(message, offset)
    fixed = {_FIXED64: 8, _FIXED32: 4}.get(wire)
    return None if fixed is None else (fixed, offset)


def _varint(message: bytes, offset: int) -> tuple[int, int] | None:
    """A varint and the offset after it; None where it is cut off or does not fit 64 bits."""
    value = 0
    for position, byte in enumerate(message[offset : offset + 10]):
        value |= (byte & 0x7F) << (7 * position)
        if byte < 0x80:
            return (value, offset + position + 1) if value < 1 << 64 else None
    return None


def _table() -> tuple[int, ...]:
    return tuple(_entry(byte) for byte in range(256))


def _entry(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ (_CASTAGNOLI if byte & 1 else 0)
    return byte


_TABLE = _table()
