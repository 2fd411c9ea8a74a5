from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from etcd_ops.programs import etcd
from etcd_ops.runtime import agent_state
from etcd_ops.zone.configuration import MemberProgram
from etcd_ops.zone.members import add_member
from etcd_ops.zone.paths import ZonePaths
from etcd_ops.zone.power import power_off
from etcd_ops.zone.process import everyone
from etcd_ops.zone.supervisor import create_zone, inspect_zone, remove_zone, start_zone
from tests.runtime.member import MemberVolume, Programs

ADDRESS = "127.45.0.2"
AGENT = Path(__file__).with_name("agent.py")

AddMember = Callable[[str], MemberVolume]


def refused(paths: ZonePaths, slot: str) -> bool:
    """The launcher said that it must not start etcd, and ended."""
    said = "not started: " in paths.member_log(slot).read_text()
    return said and inspect_zone(paths).programs[f"etcd-{slot}"].state == "EXITED"


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    return Programs.cache(etcd.obtain("3.6.15") / "etcd", tmp_path_factory.mktemp("programs"))


@pytest.fixture
def paths(tmp_path: Path) -> Iterator[ZonePaths]:
    """A zone that was made and not started; whatever it runs is ended after the test."""
    paths = ZonePaths(tmp_path, "a")
    create_zone(paths)
    yield paths
    power_off(paths)
    remove_zone(paths)
    left = [process for process in everyone() if any(str(tmp_path) in argument for argument in process.command)]
    assert left == []
    assert not paths.socket.parent.exists()


@pytest.fixture
def zone(paths: ZonePaths) -> ZonePaths:
    """A running zone without members."""
    start_zone(paths)
    return paths


@pytest.fixture
def add(paths: ZonePaths, programs: Programs, tmp_path: Path) -> AddMember:
    """Adds a member to the zone: a launch is staged for it, and its agent only waits."""

    def add(slot: str = "m0") -> MemberVolume:
        member = MemberVolume(tmp_path / "volumes" / slot, slot, programs, ADDRESS)
        member.stage()
        agent_state.initialise(member.path, "1", [sys.executable, str(AGENT)])
        assert add_member(paths, MemberProgram(slot, member.path, sys.executable))
        return member

    return add
