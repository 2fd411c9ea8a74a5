"""Keeps a member: `python -m etcd_ops.pod.keep`. It becomes the launcher of the agent.

The volume is provided here as well as before the pod's first start: where it was emptied since, the agent has nothing
left that it could run with, and a kubelet starts only this again.
"""

from __future__ import annotations

import json
import os
import sys
from typing import NoReturn

from etcd_ops.pod import places
from etcd_ops.pod.alone import take_turn
from etcd_ops.pod.provide import provide
from etcd_ops.volume.errors import VolumeError
from etcd_ops.zone.configuration import AGENT_LAUNCHER


def main() -> NoReturn:
    """Run as a program; ends with 1 where the volume could not be provided."""
    try:
        take_turn(places.RUN)
        provide(json.loads(places.CONFIG.read_text()), places.VOLUME)
    except (OSError, ValueError, KeyError, VolumeError) as problem:
        sys.exit(f"etcd-ops keep: {type(problem).__name__}: {problem}")
    words = [sys.executable, "-m", AGENT_LAUNCHER, str(places.VOLUME)]
    os.execv(words[0], words)  # noqa: S606 - no shell is meant


if __name__ == "__main__":
    main()
