"""Stand-in agents in a process of their own, for as long as a block runs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools import ROOT


@contextmanager
def agents(
    *channels: Path | Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Agents of every member of some channels.

    Args:
        channels: connection values, or folders below which every channel is served.
        environment: of the process; this one's where none is given.
    """
    given = [str(each) if isinstance(each, Path) else json.dumps(each) for each in channels]
    command = [sys.executable, "-m", "tests.standins.agents", *given]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
