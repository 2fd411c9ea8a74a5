"""zizmor, which looks for holes in GitHub workflows."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from etcd_ops.programs import pypi
from etcd_ops.programs.cache import Cache
from tools import ROOT

VERSION = "1.32.0"
REQUIREMENTS = ROOT / "tools" / "requirements" / "zizmor.txt"
PUBLISHED = sys.platform == "darwin" or platform.machine() == "x86_64"
"""Whether the package index has it for this machine."""


def obtain(cache: Cache) -> Path:
    """The executable, from the Python package index.

    Raises:
        ObtainError: it cannot be obtained.
    """
    return pypi.install(cache, "zizmor", VERSION, REQUIREMENTS) / "bin" / "zizmor"
