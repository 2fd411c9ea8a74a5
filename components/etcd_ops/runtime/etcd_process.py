"""Telling etcd from what starts it."""

from __future__ import annotations

from pathlib import Path

from etcd_ops.zone.process import Process


def is_etcd(process: Process) -> bool:
    """Whether a process is etcd itself, not its launcher nor a supervisor that has just forked."""
    return Path(process.command[0]).name == "etcd"
