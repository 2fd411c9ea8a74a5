"""Keeps etcd in its container: `python -m etcd_ops.pod.member`. It becomes a supervisord, which the agent steers.

The agent is in a container of its own: it can be replaced, or run out of memory, and etcd goes on.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import NoReturn

from etcd_ops.pod import places
from etcd_ops.volume.durable import write_file
from etcd_ops.volume.layout import VolumeLayout
from etcd_ops.zone.configuration import MemberProgram, render_pod

CONFIGURATION = "supervisord.conf"


def main() -> NoReturn:
    """Run as a program."""
    slot = json.loads(VolumeLayout(places.VOLUME).agent_config.read_text())["slot"]
    start(MemberProgram(slot, places.VOLUME, sys.executable), places.RUN)


def start(program: MemberProgram, run: Path) -> NoReturn:
    """Become the supervisord of a member.

    Args:
        program: what it keeps.
        run: the folder of its socket and logs.
    """
    configuration = run / CONFIGURATION
    if template := os.environ.get(places.TEMPLATE):
        write_file(run / places.TEMPLATE_NOTE, template.encode())
    write_file(configuration, render_pod(program, run).encode())
    (run / places.SOCKET.name).unlink(missing_ok=True)
    words = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(configuration)]
    os.execv(words[0], words)  # noqa: S606 - no shell is meant


if __name__ == "__main__":
    main()
