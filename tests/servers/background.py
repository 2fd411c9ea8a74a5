"""Runs a command on what others leave of the processors: `python -m tests.servers.background COMMAND...`

Being nice is not enough: Linux shares processors among sessions first, and only then among a session's processes
(sched(7), "The autogroup feature"). Servers and engines that tests start have sessions of their own.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.servers.lifetime import die_with_parent

LOWEST = 19
AUTOGROUP = Path("/proc/self/autogroup")


def main(command: list[str]) -> None:
    """Become that command, in a session that comes after all others, and ends with whoever started it."""
    die_with_parent()
    os.setsid()
    if AUTOGROUP.exists():
        AUTOGROUP.write_text(str(LOWEST))
    os.nice(LOWEST)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
