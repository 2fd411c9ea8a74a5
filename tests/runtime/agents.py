"""Releases of an agent that behave in one way each: `python agents.py BEHAVIOUR agent --volume VOLUME`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from etcd_ops.runtime import agent_state

if __name__ == "__main__":
    behaviour, _, volume = sys.argv[1], sys.argv[2], Path(sys.argv[4])
    with (volume / "started").open("a") as log:
        log.write(f"{behaviour} {os.getpid()}\n")
    if behaviour == "crashes":
        sys.exit(3)
    if behaviour != "silent":
        agent_state.confirm(volume)
    signal.pause()
