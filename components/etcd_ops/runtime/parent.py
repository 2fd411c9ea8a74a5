"""Ending together with the process that started this one. Standard library only."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1
"""From linux/prctl.h; kept across execve(2), see prctl(2)."""


def die_with_parent() -> bool:
    """Ask the kernel to kill this process when its parent ends; False where the parent has ended already.

    A supervisord that is killed cannot stop its programs; its successor would start second ones beside them.
    Only Linux offers this; elsewhere the ports that are still taken keep the second ones from starting.
    """
    parent = os.getppid()
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), "prctl(PR_SET_PDEATHSIG)")
    return os.getppid() == parent and _is_supervisor(parent)


def _is_supervisor(parent: int) -> bool:
    """Whether the parent is still the supervisord that set this environment (nothing is asked of other parents)."""
    if "SUPERVISOR_ENABLED" not in os.environ or sys.platform != "linux":
        return True
    try:
        return b"supervisord" in Path(f"/proc/{parent}/cmdline").read_bytes()
    except OSError:
        return False
