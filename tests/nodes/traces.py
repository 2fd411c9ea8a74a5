"""What kubelets and containerd make outside of a node's directory, where they cannot be told another place."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
_TASKS = "*/run/io.containerd.runtime.v2.task/k8s.io/*"
"""Below the directory of all the nodes: a folder for each container that runs, or ran when its node was killed."""
_NOTE = "traces.json"


def note(directory: Path) -> None:
    """Write down which folders are not there yet, before the first node starts: they are the nodes' own then.

    Args:
        directory: of all the nodes.
    """
    (directory / _NOTE).write_text(json.dumps([str(folder) for folder in FOLDERS if not folder.exists()]))


def remove(directory: Path) -> None:
    """Remove the nodes' own folders; and from those that were there before them, what is the nodes'."""
    for task in directory.glob(_TASKS):
        _remove_container(task)
    for link in Path("/var/log/containers").glob("*.log"):
        if link.is_symlink() and link.readlink().is_relative_to(directory):
            link.unlink()
    path = directory / _NOTE
    own = [Path(name) for name in json.loads(path.read_text())] if path.exists() else []
    for folder in filter(Path.exists, own):
        shutil.rmtree(folder)


def remove_network(container: str, specification: Mapping[str, Any]) -> None:
    """Remove the network of a pod, which containerd made and nobody asks it to remove.

    Args:
        container: the ID of one in the pod.
        specification: of the container, as its runtime was given it.
    """
    for each in specification.get("linux", {}).get("namespaces", ()):
        path = Path(each.get("path", ""))
        if each["type"] == "network" and path.name.startswith("cni-") and path.exists():
            subprocess.run(["ip", "netns", "del", path.name], check=True)
    for result in Path("/var/lib/cni/results").glob(f"*-{container}-*"):
        result.unlink()


def _remove_container(task: Path) -> None:
    """What is left of one whose shim was killed: its network, its runtime's state, and its shim's socket."""
    specification = task / "config.json"
    remove_network(task.name, json.loads(specification.read_text()) if specification.exists() else {})
    state, address = Path("/run/containerd/runc/k8s.io", task.name), task / "address"
    if state.exists():
        shutil.rmtree(state)
    if address.exists():
        Path(address.read_text().removeprefix("unix://")).unlink(missing_ok=True)
