"""Write-ahead log heads: real ones, and an encoder that writes them as etcd does."""

from __future__ import annotations

from etcd_ops.volume.wal import checksum

CLUSTER, MEMBER = 15658204498778130883, 17374301747805631755
"""IDs that 3.5.34, 3.6.15 and 3.7.2 printed (`etcdctl endpoint status`) for the member that wrote `REAL`."""

REAL = bytes.fromhex(
    "0400000000000084" "0804100000000000"
    "2000000000000000" "080110cbefe0b4061a16088bea9cd3afecfa8ef10110c393e0d0fec0c7a6d901"
    "0e00000000000082" "0805109af697bf011a04080010000000"
)  # fmt: skip
"""The first three records of that member's log, byte for byte the same from all three versions."""
METADATA_END = 16 + 8 + 32
"""Offset at which the metadata record of `REAL` ends."""


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append((value & 0x7F) | 0x80)
        value >>= 7
    return bytes([*out, value])


def frame(record: bytes) -> bytes:
    padding = -len(record) % 8
    field = len(record) | ((0x80 | padding) << 56 if padding else 0)
    return field.to_bytes(8, "little") + record + bytes(padding)


def record(kind: int, crc: int, data: bytes | None = None) -> bytes:
    content = b"" if data is None else b"\x1a" + varint(len(data)) + data
    return frame(b"\x08" + varint(kind) + b"\x10" + varint(crc) + content)


def head(cluster: int, member: int, previous: int = 0) -> bytes:
    """The head of a log file that follows one whose checksum ended at `previous`."""
    metadata = b"\x08" + varint(member) + b"\x10" + varint(cluster)
    return record(4, previous) + record(1, checksum(metadata, previous), metadata)
