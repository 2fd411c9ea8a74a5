"""From the runtime value of an agent's configuration to the runtime."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from etcd_ops.runtime.port import Runtime
from etcd_ops.runtime.supervisor import SupervisorRuntime
from etcd_ops.runtime.systemd import SystemdRuntime


def connect_runtime(value: Mapping[str, Any]) -> Runtime:
    """The runtime that `value` names.

    Raises:
        ValueError: its `kind` is not known.
    """
    if value["kind"] == "supervisor":
        return SupervisorRuntime(Path(value["socket"]), value["program"])
    if value["kind"] == "systemd":
        return SystemdRuntime(value["unit"])
    raise ValueError(f"runtime.kind: {value['kind']} is not known; known: supervisor, systemd")
