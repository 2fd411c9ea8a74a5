"""What kubelets and containerd make outside of a node's directory, where they cannot be told another place."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

FOLDERS = tuple(
    Path(name)
    for name in (
        "/opt/containerd",
        "/run/containerd",
        "/usr/libexec/kubernetes",
        "/var/lib/cni",
        "/var/lib/kubelet",
        "/var/log/containers",
    )
)
_LINKS = Path("/var/log/containers")
"""Links to containers' logs."""
_NOTE = "traces.json"


def note(directory: Path) -> None:
    """Write down which folders are not there yet, before the first node starts: they are the nodes' own then.

    Args:
        directory: of all the nodes.
    """
    (directory / _NOTE).write_text(json.dumps([str(folder) for folder in FOLDERS if not folder.exists()]))


def remove(directory: Path) -> None:
    """Remove the nodes' own folders, and their links from those that were there before them."""
    path = directory / _NOTE
    own = [Path(name) for name in json.loads(path.read_text())] if path.exists() else []
    for folder in filter(Path.exists, own):
        shutil.rmtree(folder)
    for link in _LINKS.glob("*.log"):
        if link.is_symlink() and link.readlink().is_relative_to(directory):
            link.unlink()
