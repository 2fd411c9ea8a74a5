"""What is on a device, and what is never formatted: with the real blkid, wipefs and mkfs, on files of this machine."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.ec2 import device
from etcd_ops.ec2.content import Content, filesystem_id, obstacle, vouched
from etcd_ops.ec2.places import LABEL
from etcd_ops.model.records import FormationRecord, FormationState, Started

VOLUME = "vol-0123456789abcdef0"
SIZE = 64 * device.MIB

pytestmark = pytest.mark.skipif(shutil.which("mkfs.ext4") is None, reason="this machine has no e2fsprogs")


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    path = tmp_path / "disk"
    with path.open("wb") as file:
        file.truncate(SIZE)
    return path


def test_a_new_disk_is_blank_until_it_is_formatted(disk: Path) -> None:
    content = device.look(disk)
    assert content.blank
    assert obstacle(content, VOLUME) == ""
    device.make_filesystem(disk, VOLUME)
    content = device.look(disk)
    assert (content.kind, content.label, content.uuid) == ("ext4", LABEL, filesystem_id(VOLUME))
    assert not content.blank
    assert obstacle(content, VOLUME) == ""


def test_the_file_system_of_another_volume_is_a_copy(disk: Path) -> None:
    device.make_filesystem(disk, "vol-0fedcba9876543210")
    assert "of another volume" in obstacle(device.look(disk), VOLUME)


@pytest.mark.parametrize("offset", [0, device.MIB - 1, SIZE - device.MIB, SIZE - 1])
def test_one_byte_at_either_end_is_not_blank(disk: Path, offset: int) -> None:
    with disk.open("r+b") as file:
        file.seek(offset)
        file.write(b"\1")
    content = device.look(disk)
    assert not content.blank
    assert "is not blank" in obstacle(content, VOLUME)


def test_what_others_have_put_there_is_neither_formatted_nor_mounted(disk: Path) -> None:
    subprocess.run(["mkfs.ext4", "-q", str(disk)], check=True)
    assert "which was not made here" in obstacle(device.look(disk), VOLUME)


def test_a_swap_signature_is_seen(disk: Path) -> None:
    subprocess.run(["mkswap", str(disk)], check=True, capture_output=True)
    content = device.look(disk)
    assert content.kind == "swap"
    assert obstacle(content, VOLUME)


@given(
    st.builds(
        Content,
        kind=st.sampled_from(["", "ext4", "xfs", "dos"]),
        label=st.sampled_from(["", LABEL, "other"]),
        uuid=st.sampled_from(["", filesystem_id(VOLUME), "other"]),
        signatures=st.sampled_from([(), ("xfs",), ("dos", "ext4")]),
        zero=st.booleans(),
    )
)
def test_only_zeros_are_blank_and_only_the_own_file_system_is_mounted(content: Content) -> None:
    if content.blank:
        assert content.zero
        assert not content.kind
        assert not content.signatures
    elif not obstacle(content, VOLUME):
        assert (content.kind, content.label, content.uuid) == ("ext4", LABEL, filesystem_id(VOLUME))


def record(**started: str) -> FormationRecord:
    entries = {slot: Started(volume_id=volume, peer_url="https://x:2380") for slot, volume in started.items()}
    return FormationRecord(token="t", state=FormationState.FORMED, founders={}, started=entries)


@pytest.mark.parametrize(
    ("formation", "expected"),
    [
        (None, True),
        (record(), True),
        (record(other=VOLUME), True),
        (record(slot="vol-before"), True),
        (record(slot=VOLUME), False),
    ],
)
def test_the_volume_that_once_held_the_data_is_for_an_operator(
    formation: FormationRecord | None, expected: bool
) -> None:
    assert vouched(formation, "slot", VOLUME) is expected


def test_the_link_is_udevs() -> None:
    assert device.link_of(VOLUME).name == "nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0"


def test_a_device_that_does_not_come_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(device.DeviceProblem, match="does not appear"):
        device.wait_for(tmp_path / "none", seconds=0)
