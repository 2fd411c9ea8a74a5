"""etcd is only ever started on its own volume."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from etcd_ops.ec2 import mounted
from etcd_ops.runtime.launch import REFUSED

ROOT = "22 1 259:1 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p1 rw\n"
VOLUME = "98 22 259:4 / /var/lib/etcd rw,noatime shared:52 - ext4 /dev/nvme1n1 rw\n"
HIDING = "99 98 259:9 / /var/lib/etcd rw,noatime - ext4 /dev/nvme2n1 rw\n"
PART = "98 22 259:4 /folder /var/lib/etcd rw - ext4 /dev/nvme1n1 rw\n"


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (ROOT + VOLUME, ""),
        (ROOT, "nothing is mounted at /var/lib/etcd"),
        ("", "nothing is mounted at /var/lib/etcd"),
        (ROOT + VOLUME.replace("/var/lib/etcd", "/var/lib/etcd2"), "nothing is mounted at /var/lib/etcd"),
        (ROOT + VOLUME.replace("259:4", "259:1"), "device 259:1 is mounted at /var/lib/etcd, and not 259:4"),
        (ROOT + VOLUME + HIDING, "device 259:9 is mounted at /var/lib/etcd, and not 259:4"),
        (ROOT + HIDING + VOLUME, ""),
        (ROOT + PART, "only /folder of device 259:4 is mounted at /var/lib/etcd"),
    ],
)
def test_the_right_device_as_a_whole_and_on_top(table: str, problem: str) -> None:
    assert mounted.judge(table, "/var/lib/etcd", "259:4") == problem


def test_the_root_disk_is_refused_in_words_that_the_agent_takes_for_a_refusal(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "etcd_ops.ec2.mounted", str(tmp_path), "/dev/null"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(REFUSED)
    assert "is no block device" in mounted.problem(tmp_path, Path("/dev/null"))
    assert "No such file" in mounted.problem(tmp_path, tmp_path / "none")
