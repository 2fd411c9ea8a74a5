"""Prepares the volume of a member: `python -m etcd_ops.pod.provide`, before anything else in its pod.

A volume that is empty is marked as this member's: the kubelet has mounted the claim, or the pod would not run. One
that holds something but no marker is left alone: the agent holds it until an operator accepts it.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from etcd_ops.pod import places
from etcd_ops.pod.claim import Claim
from etcd_ops.pod.delivery import Mounts, deliver
from etcd_ops.runtime import agent_state
from etcd_ops.volume.errors import VolumeError
from etcd_ops.volume.layout import VolumeLayout
from etcd_ops.volume.marker import read_marker
from etcd_ops.volume.provision import create_volume, is_fresh, write_agent_config

PLATFORM = "kubernetes"


def provide(config: dict[str, Any], volume: Path) -> None:
    """Put on the volume what agent and launcher need. Idempotent.

    Args:
        config: the agent's configuration, as the stack declares it.
        volume: where the claim is mounted.

    Raises:
        VolumeError: it is another member's, or a credential is none.
        OSError
    """
    layout = VolumeLayout(volume)
    if read_marker(layout.marker) is not None or is_fresh(layout):
        create_volume(volume, config["slot"], config["cluster"], PLATFORM, _claimed(config))
    deliver(volume, Mounts.of(config["delivery"]))
    write_agent_config(volume, config)
    agent_state.initialise(volume, config["agent"]["version"], config["agent"]["command"])


def _claimed(config: Mapping[str, Any]) -> str:
    """The UID of the claim that the volume was mounted by; empty where there is none, or it cannot be told now."""
    if "claim" not in config.get("pod", {}):
        return ""
    try:
        return Claim(config["pod"]).uid()
    except OSError as problem:
        print(f"etcd-ops provide: {problem}", file=sys.stderr)
        return ""


def main() -> int:
    """Run as a program."""
    try:
        provide(json.loads(places.CONFIG.read_text()), places.VOLUME)
        shutil.copy2(places.INSTALLER, places.PROGRAMS)
    except (OSError, ValueError, KeyError, VolumeError) as problem:
        print(f"etcd-ops provide: {type(problem).__name__}: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
