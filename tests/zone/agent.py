"""Stands for the agent in tests of zones: says that it runs, and waits."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

if __name__ == "__main__":
    volume = Path(sys.argv[sys.argv.index("--volume") + 1])
    (volume / "agent" / "environment").write_text("\n".join(sorted(os.environ)))
    (volume / "agent" / "pid").write_text(str(os.getpid()))
    signal.pause()
