"""What there is of a cluster of nodes on the machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.nodes import traces
from tests.nodes.cluster import CLAIMED, DIRECTORY
from tests.nodes.exclusive import LOCK
from tests.nodes.namespaces import PREFIX

_OURS = re.compile(rf"{PREFIX}(?![0-9])")
"""A digit follows in the names of those who have machines of their own on this one (tests.nodes.isolation)."""


def left() -> list[str]:
    """What there is of a cluster: processes, mounts, files, networks, cgroups."""
    commands = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    links = subprocess.run(["ip", "-brief", "link"], capture_output=True, text=True, check=True).stdout
    lines = [*commands.splitlines(), *links.splitlines(), *Path("/proc/mounts").read_text().splitlines()]
    named = [path for name in (f"{PREFIX}-*", "cni-*") for path in Path("/run/netns").glob(name)]
    groups = list(Path("/sys/fs/cgroup").glob(f"*/{PREFIX}-*"))
    theirs = [path for folder in ("runc/k8s.io", "s") for path in Path("/run/containerd", folder).glob("*")]
    theirs += Path("/var/lib/cni/results").glob("*")
    logs = [link for link in Path("/var/log/containers").glob("*") if link.readlink().is_relative_to(DIRECTORY)]
    paths = [DIRECTORY, LOCK, *named, *groups, *traces.FOLDERS, *theirs]
    found = [*(path for path in paths if path.exists()), *logs, *([CLAIMED] if CLAIMED.is_symlink() else [])]
    return [line for line in lines if _OURS.search(line)] + [str(path) for path in found]
