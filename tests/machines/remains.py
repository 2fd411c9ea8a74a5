"""What there is of machines on this machine."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.machines.lab import DIRECTORY
from tests.machines.machine import NSPAWN
from tests.machines.network import PREFIX


def left() -> list[str]:
    """Processes, mounts, links, loop devices, namespaces, cgroups and files."""
    told = [
        subprocess.run(command, capture_output=True, text=True, check=True).stdout
        for command in (["ps", "-eo", "pid,args"], ["ip", "-brief", "link"], ["losetup", "--list"])
    ]
    lines = [*"\n".join(told).splitlines(), *Path("/proc/mounts").read_text().splitlines()]
    paths = [DIRECTORY, *Path("/run/netns").glob(f"{PREFIX}-*"), *Path("/sys/fs/cgroup").glob(f"*/{PREFIX}-*")]
    paths += [*NSPAWN.glob(f"propagate/{PREFIX}-*"), *NSPAWN.glob("locks/inode-*")]
    return [line for line in lines if PREFIX in line] + [str(path) for path in paths if path.exists()]
