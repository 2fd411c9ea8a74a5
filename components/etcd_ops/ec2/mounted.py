"""Whether the right device is mounted: `python -m etcd_ops.ec2.mounted FOLDER DEVICE`. Standard library only.

It runs before every start of etcd, which never starts on the machine's root disk.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from etcd_ops.runtime.launch import REFUSED

MOUNTINFO = Path("/proc/self/mountinfo")


def problem(folder: Path, device: Path, mountinfo: Path = MOUNTINFO) -> str:
    """Why a folder is not the file system of a device; empty where it is."""
    try:
        found = device.stat()
    except OSError as error:
        return f"{device}: {error.strerror}"
    if not stat.S_ISBLK(found.st_mode):
        return f"{device} is no block device"
    expected = f"{os.major(found.st_rdev)}:{os.minor(found.st_rdev)}"
    return judge(mountinfo.read_text(), str(folder), expected)


def judge(mountinfo: str, folder: str, device: str) -> str:
    """The same from the kernel's table (proc_pid_mountinfo(5)). Pure.

    Args:
        mountinfo: the table.
        folder: an absolute path.
        device: major and minor number, `259:1`.
    """
    mounts = [fields for line in mountinfo.splitlines() if len(fields := line.split()) > 4 and fields[4] == folder]
    if not mounts:
        return f"nothing is mounted at {folder}"
    # What was mounted last hides what was mounted there before.
    _, _, found, root, *_ = mounts[-1]
    if found != device:
        return f"device {found} is mounted at {folder}, and not {device}"
    if root != "/":
        return f"only {root} of device {device} is mounted at {folder}"
    return ""


def main() -> int:
    """Run as a program."""
    folder, device = (Path(word) for word in sys.argv[1:3])
    found = problem(folder, device)
    if found:
        print(REFUSED + found, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
