"""Where the programs are that the workload and its tests run."""

from __future__ import annotations

import functools
from pathlib import Path

from etcd_ops.programs import etcd
from tools import go_programs


@functools.cache
def checker_program() -> Path:
    """The linearizability checker, built if need be."""
    return go_programs.obtain("linearizability")


@functools.cache
def etcd_program() -> Path:
    """An etcd server of the default version."""
    return etcd.obtain(etcd.DEFAULT) / "etcd"
