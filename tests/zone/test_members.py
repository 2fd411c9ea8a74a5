from __future__ import annotations

import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from etcd_ops.zone.configuration import MemberProgram
from etcd_ops.zone.errors import ZoneError
from etcd_ops.zone.identity import find_supervisor
from etcd_ops.zone.members import add_member, remove_member, restart_agent
from etcd_ops.zone.paths import ZonePaths
from etcd_ops.zone.process import Process, alive, look, send
from etcd_ops.zone.supervisor import inspect_zone, start_zone, stop_zone
from tests.runtime.member import MemberVolume, eventually
from tests.zone.conftest import AddMember, refused

pytestmark = pytest.mark.etcd


def process(paths: ZonePaths, program: str) -> Process:
    def running() -> Process | None:
        found = inspect_zone(paths).programs.get(program)
        return look(found.pid) if found is not None and found.state == "RUNNING" and found.pid else None

    found = eventually(running)
    assert found is not None
    return found


def changed(member: MemberVolume) -> MemberProgram:
    """The same programs, with another interpreter."""
    other = member.path.parent / "python"
    other.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    other.chmod(0o700)
    return MemberProgram(member.slot, member.path, str(other))


def test_added_and_removed_without_touching_others(zone: ZonePaths, add: AddMember) -> None:
    first = add("m0")
    eventually(first.healthy)
    kept = [process(zone, name) for name in ("etcd-m0", "agent-m0")]
    second = add("m1")
    eventually(second.healthy)
    gone = [process(zone, name) for name in ("etcd-m1", "agent-m1")]
    assert set(inspect_zone(zone).programs) == {"etcd-m0", "agent-m0", "etcd-m1", "agent-m1"}
    remove_member(zone, "m1")
    remove_member(zone, "m1")
    assert not any(alive(each) for each in gone)
    assert all(alive(each) for each in kept)
    assert set(inspect_zone(zone).programs) == {"etcd-m0", "agent-m0"}
    assert not list(zone.members.glob("*m1*"))
    assert second.path.is_dir(), "a volume is not the zone's to delete"


def test_members_may_be_added_at_the_same_time(zone: ZonePaths, add: AddMember) -> None:
    """As a declaration does it, whose resources are made in parallel."""
    with ThreadPoolExecutor(3) as pool:
        members = list(pool.map(add, ["m0", "m1", "m2"]))
    for member in members:
        eventually(member.healthy)
    assert len(inspect_zone(zone).programs) == 6


def test_adding_again_changes_nothing(zone: ZonePaths, add: AddMember) -> None:
    member = add("m0")
    eventually(member.healthy)
    before = [process(zone, name) for name in ("etcd-m0", "agent-m0")]
    assert add_member(zone, MemberProgram("m0", member.path, sys.executable))
    assert all(alive(each) for each in before)


def test_a_changed_section_waits_for_etcd_but_not_for_the_agent(zone: ZonePaths, add: AddMember) -> None:
    member = add("m0")
    eventually(member.healthy)
    etcd, agent = process(zone, "etcd-m0"), process(zone, "agent-m0")
    assert not add_member(zone, changed(member))
    assert alive(etcd)
    assert not alive(agent)
    assert process(zone, "agent-m0") != agent
    assert not add_member(zone, changed(member)), "it still waits"
    stop_zone(zone)
    start_zone(zone)
    assert add_member(zone, changed(member))


def test_a_changed_section_is_applied_where_etcd_does_not_run(zone: ZonePaths, add: AddMember) -> None:
    member = add("m0")
    eventually(member.healthy)
    (member.path / "marker.json").rename(member.path / "away")
    send(process(zone, "etcd-m0"), signal.SIGKILL)
    eventually(lambda: refused(zone, "m0"))
    assert add_member(zone, changed(member))


def test_a_member_added_to_a_stopped_zone_starts_with_it(paths: ZonePaths, add: AddMember) -> None:
    member = add("m0")
    assert not member.healthy()
    start_zone(paths)
    eventually(member.healthy)
    stop_zone(paths)
    remove_member(paths, "m0")
    assert inspect_zone(start_zone_again(paths)).programs == {}


def start_zone_again(paths: ZonePaths) -> ZonePaths:
    start_zone(paths)
    return paths


def test_only_the_agent_is_restarted(zone: ZonePaths, add: AddMember) -> None:
    member = add("m0")
    eventually(member.healthy)
    etcd, agent = process(zone, "etcd-m0"), process(zone, "agent-m0")
    restart_agent(zone, "m0")
    assert alive(etcd)
    assert not alive(agent)
    assert process(zone, "agent-m0") != agent


def test_an_unknown_member_has_no_agent(zone: ZonePaths) -> None:
    with pytest.raises(ZoneError, match=r"zone a: supervisord refused .*BAD_NAME"):
        restart_agent(zone, "m7")


def test_a_hung_supervisor_is_an_error_not_a_success(
    zone: ZonePaths, add: AddMember, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = add("m0")
    monkeypatch.setattr("etcd_ops.zone.members._RPC_SECONDS", 0.5)
    supervisor = find_supervisor(zone)
    assert supervisor is not None
    send(supervisor, signal.SIGSTOP)
    try:
        with pytest.raises(ZoneError, match="does not answer"):
            remove_member(zone, "m0")
        with pytest.raises(ZoneError, match="does not answer"):
            add_member(zone, MemberProgram("m0", member.path, sys.executable))
    finally:
        send(supervisor, signal.SIGCONT)


def test_an_unusable_volume_is_refused(zone: ZonePaths) -> None:
    with pytest.raises(ZoneError, match=r"volume: .* choose another path"):
        add_member(zone, MemberProgram("m0", Path("/a ;b"), sys.executable))


def test_a_member_of_a_zone_that_is_gone_is_gone(tmp_path: Path) -> None:
    remove_member(ZonePaths(tmp_path, "nowhere"), "m0")


def test_the_agent_has_a_clean_environment(zone: ZonePaths, add: AddMember) -> None:
    member = add("m0")
    file = member.path / "agent" / "environment"
    eventually(file.exists)
    names = file.read_text().split()
    assert "PATH" in names
    assert not any(name.startswith(("PYTEST_", "PULUMI_", "GRPC_")) for name in names)
