"""Daemons: processes that outlive whoever starts them. Standard library only."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_started: list[subprocess.Popen[bytes]] = []
"""Kept so that a daemon which ends before its starter is reaped at the next start."""


def spawn(command: Sequence[str], directory: Path, output: Path, environment: Mapping[str, str]) -> int:
    """Start a daemon in its own session, with none of the caller's descriptors; returns its pid.

    A plugin's whole process group is signalled by the engine, and a descriptor held open delays it: see setsid(2).

    Args:
        command: program and arguments.
        directory: its working directory.
        output: file that its output is appended to.
        environment: its whole environment.

    Raises:
        OSError: it could not be started.
    """
    _started[:] = [process for process in _started if process.poll() is None]
    with output.open("ab") as log:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=directory,
            env=dict(environment),
            close_fds=True,
            start_new_session=True,
            umask=0o077,
        )
    _started.append(process)
    return process.pid
