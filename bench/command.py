"""The engine's commands, given up where they take too long."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from bench.limits import TookTooLong
from tools.engine import Engine

LONGEST = 400.0
"""Seconds after which a command is given up, unless it may take longer."""


def pulumi(engine: Engine, project: Path, environment: Mapping[str, str], *words: str, longest: float = LONGEST) -> str:
    command = [str(engine.pulumi), *words, "--cwd", str(project), "--non-interactive"]
    process = subprocess.Popen(
        command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True,
    )  # fmt: skip
    try:
        output, _ = process.communicate(timeout=longest)
    except subprocess.TimeoutExpired:
        raise TookTooLong(f"pulumi {' '.join(words)}: not within {longest:g} s") from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    if process.returncode:
        raise AssertionError(f"pulumi {' '.join(words)} ended with {process.returncode}:\n{output}")
    return output
