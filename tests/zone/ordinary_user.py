"""A zone's whole life as whoever runs this: `python -m tests.zone.ordinary_user FOLDER ETCD`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from etcd_ops.runtime import agent_state
from etcd_ops.zone.configuration import MemberProgram
from etcd_ops.zone.members import add_member, remove_member
from etcd_ops.zone.paths import ZonePaths
from etcd_ops.zone.power import power_off
from etcd_ops.zone.supervisor import create_zone, remove_zone, start_zone, stop_zone
from tests.runtime.member import MemberVolume, Programs, eventually

ADDRESS = "127.45.0.4"


def live(folder: Path, etcd: Path) -> None:
    """Everything that a platform and an operator do with a zone."""
    paths = ZonePaths(folder, "a")
    create_zone(paths)
    try:
        start_zone(paths)
        member = MemberVolume(folder / "volumes" / "m0", "m0", Programs.cache(etcd, folder / "programs"), ADDRESS)
        member.stage()
        agent_state.initialise(member.path, "1", [sys.executable, str(Path(__file__).with_name("agent.py"))])
        add_member(paths, MemberProgram("m0", member.path, sys.executable))
        eventually(member.healthy)
        assert member.put("key")
        power_off(paths)
        start_zone(paths)
        eventually(member.healthy)
        assert member.has("key")
        stop_zone(paths)
        start_zone(paths)
        eventually(member.healthy)
        remove_member(paths, "m0")
    finally:
        remove_zone(paths)


if __name__ == "__main__":
    live(Path(sys.argv[1]), Path(sys.argv[2]))
    print(f"lived as user {os.getuid()}")
