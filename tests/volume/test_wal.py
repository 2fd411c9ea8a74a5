from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.volume.wal import checksum, head_identity
from tests.volume.heads import CLUSTER, MEMBER, METADATA_END, REAL, frame, head, record, varint

IDS = st.integers(1, 2**64 - 1)
CRCS = st.integers(0, 2**32 - 1)


def test_real_head() -> None:
    assert head_identity(REAL) == (CLUSTER, MEMBER)
    assert head_identity(REAL + bytes(4096)) == (CLUSTER, MEMBER)


def test_checksum_is_crc_32c() -> None:
    # Check value of CRC-32C for "123456789": RFC 3720, and every catalogue of CRCs.
    assert checksum(b"123456789") == 0xE3069283
    assert checksum(b"6789", checksum(b"12345")) == 0xE3069283


@given(cluster=IDS, member=IDS, previous=CRCS, rest=st.binary(max_size=64))
def test_every_head_is_read_back(cluster: int, member: int, previous: int, rest: bytes) -> None:
    assert head_identity(head(cluster, member, previous) + rest) == (cluster, member)


@given(length=st.integers(0, METADATA_END - 1))
def test_truncated_head_is_unreadable(length: int) -> None:
    assert head_identity(REAL[:length]) is None


@given(position=st.integers(0, METADATA_END * 8 - 1))
def test_a_flipped_bit_never_gives_another_identity(position: int) -> None:
    damaged = bytearray(REAL)
    damaged[position // 8] ^= 1 << (position % 8)
    assert head_identity(bytes(damaged)) in (None, (CLUSTER, MEMBER))


@given(st.binary(max_size=200))
def test_garbage_is_unreadable(data: bytes) -> None:
    assert head_identity(data) is None


@given(
    prefix=st.integers(0, METADATA_END),
    garbage=st.binary(max_size=120),
)
def test_a_head_that_turns_into_garbage_never_fails(prefix: int, garbage: bytes) -> None:
    found = head_identity(REAL[:prefix] + garbage)
    assert found is None or found == (CLUSTER, MEMBER)


@given(st.binary(max_size=60))
def test_a_metadata_record_of_garbage_never_fails(metadata: bytes) -> None:
    head_identity(record(4, 0) + record(1, checksum(metadata), metadata))


def test_preallocated_space_is_unreadable() -> None:
    assert head_identity(bytes(4096)) is None
    assert head_identity(record(4, 0) + bytes(4096)) is None


def test_wrong_order_is_unreadable() -> None:
    metadata = b"\x08\x01\x10\x02"
    assert head_identity(record(1, checksum(metadata), metadata)) is None
    assert head_identity(record(4, 0) + record(2, checksum(metadata), metadata)) is None


def test_missing_or_zero_ids_are_unreadable() -> None:
    for metadata in (b"", b"\x08\x01", b"\x10\x01", b"\x08\x00\x10\x01", b"\x0a\x01\x01\x10\x01"):
        assert head_identity(record(4, 0) + record(1, checksum(metadata), metadata)) is None


def test_an_enormous_frame_is_unreadable_at_once() -> None:
    assert head_identity((2**56 - 1).to_bytes(8, "little") + os.urandom(64)) is None
    assert head_identity(frame(b"\x0a" + varint(2**63) + b"x")) is None
