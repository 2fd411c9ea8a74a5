"""Runs a command as on a machine of its own: `python -m tests.nodes.isolation COMMAND...`

Nodes have names and addresses that are always the same, and Kubernetes has folders that it cannot be told to leave
alone. A worker of pytest that is started by this has all of them for itself, and nothing of them is left when it ends.
"""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from etcd_ops.programs.cache import Cache
from tests.nodes import cgroups, traces
from tests.nodes.cluster import CLAIMED, missing
from tests.nodes.namespaces import PREFIX, PREFIX_VARIABLE
from tests.servers.lifetime import die_with_parent
from tools import ROOT

_EMPTY = (Path("/run"), CLAIMED.parent)
"""Folders in which nothing is, whatever is in the machine's. What is written is kept in the last one."""
_COPIED = sorted({folder.parent for folder in traces.FOLDERS} - set(_EMPTY))
"""Folders in which is what is in the machine's; what is written there stays apart."""
_PLACES = 9
"""That there are: with one digit, names of one machine never begin like those of a machine within another."""
_APART = ("unshare", "--mount", "--mount-proc", "--net", "--ipc", "--pid", "--fork", "--kill-child")


def run(command: Sequence[str]) -> int:
    """Run a command apart from all others; its exit status.

    Args:
        command: what is run, with everything it starts; what is left of that when it ends is killed.
    """
    with _place() as (name, scratch):
        environment = {**os.environ, PREFIX_VARIABLE: name}
        inside = [*_APART, sys.executable, "-m", __spec__.name, "--within", str(scratch), *command]
        return subprocess.run(inside, env=environment, check=False, preexec_fn=die_with_parent).returncode


@contextmanager
def _place() -> Iterator[tuple[str, Path]]:
    """A prefix that nobody else has, and an empty folder; what whoever was killed has left there is removed first."""
    name, claim = _claim()
    with claim:
        scratch = folder_of(name)
        _clear(name, scratch)
        scratch.mkdir(mode=0o700)
        try:
            yield name, scratch
        finally:
            _clear(name, scratch)


def _claim() -> tuple[str, socket.socket]:
    """A name, and what keeps others on the machine from it: the system frees that when its owner dies.

    Raises:
        RuntimeError: every name is taken.
    """
    for number in range(1, _PLACES + 1):
        name, claim = f"{PREFIX}{number}", socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0{name}")
        except OSError as problem:
            claim.close()
            if problem.errno != errno.EADDRINUSE:
                raise
        else:
            return name, claim
    raise RuntimeError(f"{_PLACES} commands have machines of their own already: wait until one ends")


def folder_of(name: str) -> Path:
    """Where what such a machine writes is kept. Its name is not in it: whatever has that is taken for the nodes'."""
    return _EMPTY[-1] / f"isolated-{''.join(filter(str.isdigit, name))}"


def _clear(name: str, scratch: Path) -> None:
    """Its processes have ended, and with them all that was mounted and linked."""
    cgroups.clear(f"{name}-")
    if scratch.exists():
        shutil.rmtree(scratch)


def begin(scratch: Path, command: Sequence[str]) -> int:
    """Be the first process apart: make its folders and its network, run the command, and wait for whatever ends.

    Args:
        scratch: an empty folder for what is written to the folders.
        command: what is run.
    """
    shown = [path for path in (ROOT, Cache.of_user().root) if path.exists()]
    for folder in _COPIED:
        _mount_copy(folder, scratch / f"copy-{folder.name}")
    for folder in _EMPTY:
        _mount_empty(folder, scratch / folder.name, shown)
    _execute("ip", "link", "set", "lo", "up")
    child = subprocess.Popen(command)
    while True:
        ended, status = os.wait()
        if ended == child.pid:
            return os.waitstatus_to_exitcode(status)


def _mount_empty(folder: Path, instead: Path, shown: Sequence[Path]) -> None:
    """Another folder in the place of one; what is to be shown is where it was."""
    instead.mkdir(mode=0o700)
    for path in shown:
        if path.is_relative_to(folder):
            same = instead / path.relative_to(folder)
            same.mkdir(parents=True)
            _execute("mount", "--bind", str(path), str(same))
    _execute("mount", "--rbind", str(instead), str(folder))


def _mount_copy(folder: Path, instead: Path) -> None:
    layers = {"upperdir": instead / "upper", "workdir": instead / "work"}
    for path in layers.values():
        path.mkdir(parents=True)
    options = ",".join(f"{name}={path}" for name, path in {"lowerdir": folder, **layers}.items())
    _execute("mount", "-t", "overlay", "-o", options, "overlay", str(folder))


def _execute(*command: str) -> None:
    subprocess.run(command, check=True)


def main() -> None:
    """Does either, by its arguments; where there can be no nodes, the command runs as it is, and its tests say why."""
    match sys.argv[1:]:
        case ["--within", scratch, *command]:
            sys.exit(begin(Path(scratch), command))
        case command if missing():
            os.execvp(command[0], command)
        case command:
            sys.exit(run(command))


if __name__ == "__main__":
    main()
