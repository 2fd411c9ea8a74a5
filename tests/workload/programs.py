"""Where the programs are that the workload and its tests run."""

from __future__ import annotations

import os
from pathlib import Path


def checker_program() -> Path:
    """The linearizability checker, built if need be."""
    return Path(os.environ["LINEARIZABILITY"])


def etcd_program() -> Path:
    """An etcd server."""
    return Path(os.environ["ETCD"])
