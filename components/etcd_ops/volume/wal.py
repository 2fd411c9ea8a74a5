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

from etcd_ops.volume.protobuf import fields

HEAD_BYTES = 4096
"""Enough of a file for `head_identity`: the first two records take less than 128 bytes."""

_METADATA = 1
_CRC = 4
FRAME_BYTES = 8
"""Of the field before every record."""
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


def frame_size(field: int) -> tuple[int, int]:
    """Bytes of a record and of the padding after it, as the field before it says."""
    return field & ((1 << 56) - 1), (field >> 56) & 0x7 if field >> 63 else 0


class _Record(NamedTuple):
    kind: int
    crc: int
    data: bytes
    end: int
    """Offset of the next frame."""


def _record(data: bytes, offset: int) -> _Record | None:
    begin = offset + FRAME_BYTES
    if len(data) < begin:
        return None
    frame = int.from_bytes(data[offset:begin], "little")
    size, padding = frame_size(frame)
    if size == 0 or len(data) < begin + size + padding:
        return None
    found = fields(data[begin : begin + size])
    if found is None:
        return None
    kind, crc, content = found.get(1), found.get(2, 0), found.get(3, b"")
    if not isinstance(kind, int) or not isinstance(crc, int) or not isinstance(content, bytes):
        return None
    return _Record(kind, crc, content, begin + size + padding)


def _identity(metadata: bytes) -> tuple[int, int] | None:
    found = fields(metadata)
    if found is None:
        return None
    member, cluster = found.get(1), found.get(2)
    if not isinstance(member, int) or not isinstance(cluster, int) or not member or not cluster:
        return None
    return cluster, member


def _table() -> tuple[int, ...]:
    return tuple(_entry(byte) for byte in range(256))


def _entry(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ (_CASTAGNOLI if byte & 1 else 0)
    return byte


_TABLE = _table()
