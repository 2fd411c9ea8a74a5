"""Whether a file system could be larger, judged on real ones; machines of tests grow theirs."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.ec2.grow import file_system_bytes, main, room

MIB = 1 << 20


def made(folder: Path, mib: int, *options: str) -> Path:
    device = folder / "device"
    with device.open("wb") as file:
        file.truncate(mib * MIB)
    subprocess.run(["mkfs.ext4", "-q", "-F", *options, str(device)], check=True)
    return device


@pytest.mark.parametrize("options", [(), ("-b", "1024"), ("-O", "^64bit")], ids=" ".join)
def test_it_has_room_once_its_device_is_larger(tmp_path: Path, options: tuple[str, ...]) -> None:
    device = made(tmp_path, 32, *options)
    assert room(device) == 0
    with device.open("r+b") as file:
        file.truncate(48 * MIB)
    assert room(device) == 16 * MIB
    subprocess.run(["resize2fs", str(device)], check=True, capture_output=True)
    assert room(device) == 0


def test_what_is_not_mounted_there_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever room it has: it may be another member's."""
    device = made(tmp_path, 32)
    with device.open("r+b") as file:
        file.truncate(48 * MIB)
    before = device.read_bytes()
    monkeypatch.setattr("sys.argv", ["grow", str(tmp_path), str(device)])
    assert main() == 1
    assert device.read_bytes() == before


@given(st.integers(0, (1 << 48) - 1), st.integers(0, 6), st.booleans())
def test_blocks_are_counted_whole_where_four_bytes_do_not(blocks: int, exponent: int, wide: bool) -> None:
    superblock = bytearray(1024)
    struct.pack_into("<I", superblock, 0x4, blocks & 0xFFFFFFFF)
    struct.pack_into("<I", superblock, 0x18, exponent)
    struct.pack_into("<H", superblock, 0x38, 0xEF53)
    struct.pack_into("<I", superblock, 0x60, 0x80 if wide else 0)
    struct.pack_into("<I", superblock, 0x150, blocks >> 32)
    counted = blocks if wide else blocks & 0xFFFFFFFF
    assert file_system_bytes(bytes(superblock)) == counted * 1024 * 2**exponent


def test_nothing_else_is_taken_for_one(tmp_path: Path) -> None:
    device = tmp_path / "device"
    device.write_bytes(bytes(MIB))
    with pytest.raises(ValueError, match="no file system of the kind ext4"):
        room(device)


@given(st.binary(max_size=2000))
def test_whatever_is_read_is_judged_or_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="ext4"):
        file_system_bytes(content)
