"""A data volume as a block device of this machine: found, looked at, formatted. Thin."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

from etcd_ops.ec2.content import Content, filesystem_id
from etcd_ops.ec2.places import LABEL

BY_ID = Path("/dev/disk/by-id")
MIB = 1 << 20
_APPEAR_SECONDS = 60.0
_FORMAT_SECONDS = 600.0
_PROBE_SECONDS = 30.0
_NOTHING, _AMBIVALENT = 2, 8
"""Exit statuses of blkid (blkid(8))."""


class DeviceProblem(OSError):
    """A device does not come, or cannot be told from another."""


def link_of(volume: str, folder: Path = BY_ID) -> Path:
    """The link that udev makes from the serial number of an EBS volume's NVMe device, which is the volume's ID."""
    return folder / f"nvme-Amazon_Elastic_Block_Store_{volume.replace('-', '')}"


def wait_for(link: Path, seconds: float = _APPEAR_SECONDS) -> None:
    """Wait for a device.

    Raises:
        DeviceProblem: it does not come.
    """
    until = time.monotonic() + seconds
    while not link.exists():
        if time.monotonic() > until:
            raise DeviceProblem(f"{link} does not appear: is this a Nitro instance with udev?")
        time.sleep(0.2)


def look(device: Path) -> Content:
    """What is on a device.

    Raises:
        DeviceProblem: it cannot be told.
        OSError
    """
    probed = _run(["blkid", "--probe", "--output", "export", str(device)], _PROBE_SECONDS, {0, _NOTHING, _AMBIVALENT})
    if probed.returncode == _AMBIVALENT:
        raise DeviceProblem(f"{device} carries the signs of several file systems: {probed.stderr.strip()}")
    values = dict(line.split("=", 1) for line in probed.stdout.splitlines() if "=" in line)
    wiped = _run(["wipefs", "--no-act", "--json", str(device)], _PROBE_SECONDS, {0})
    found = json.loads(wiped.stdout)["signatures"] if wiped.stdout.strip() else []
    return Content(
        kind=values.get("TYPE") or values.get("PTTYPE", ""),
        label=values.get("LABEL", ""),
        uuid=values.get("UUID", ""),
        signatures=tuple(str(each["type"]) for each in found),
        zero=_is_zero_at_its_ends(device),
    )


def make_filesystem(device: Path, volume: str) -> None:
    """Make the file system of a data volume.

    Raises:
        DeviceProblem
    """
    words = ["mkfs.ext4", "-q", "-m", "0", "-L", LABEL, "-U", filesystem_id(volume), str(device)]
    _run(words, _FORMAT_SECONDS, {0})


def _is_zero_at_its_ends(device: Path) -> bool:
    with device.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        ends = []
        for offset in (0, max(0, size - MIB)):
            file.seek(offset)
            ends.append(file.read(MIB))
    return size > 0 and not any(any(end) for end in ends)


def _run(words: list[str], seconds: float, fine: set[int]) -> subprocess.CompletedProcess[str]:
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise DeviceProblem(f"{words[0]}: {problem}") from problem
    if done.returncode not in fine:
        raise DeviceProblem(f"{' '.join(words)}: exit status {done.returncode}: {done.stderr.strip()[-300:]}")
    return done
