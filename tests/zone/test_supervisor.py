"""Zones as daemons: started, stopped, killed, revived."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from etcd_ops.zone.errors import ZoneError
from etcd_ops.zone.identity import find_supervisor, find_watchdog
from etcd_ops.zone.paths import ZonePaths
from etcd_ops.zone.power import power_off
from etcd_ops.zone.process import Process, alive, everyone, family, look, send, wait_gone
from etcd_ops.zone.supervisor import create_zone, inspect_zone, remove_zone, start_zone, stop_zone
from tests.runtime.member import eventually
from tests.zone.conftest import AddMember, refused


def supervisor(paths: ZonePaths) -> Process:
    found = find_supervisor(paths)
    assert found is not None
    return found


def watchdog(paths: ZonePaths) -> Process:
    found = find_watchdog(paths)
    assert found is not None
    return found


def supervisors(paths: ZonePaths) -> list[Process]:
    """All leaders with this zone's configuration, found without the zone's own files."""
    return [
        process
        for process in everyone()
        if process.command[-1:] == (str(paths.configuration),) and process.session == process.pid
    ]


def programs(paths: ZonePaths) -> dict[str, str]:
    return {name: program.state for name, program in inspect_zone(paths).programs.items()}


START = """
import sys
from pathlib import Path
from etcd_ops.zone.paths import ZonePaths
from etcd_ops.zone.supervisor import start_zone
start_zone(ZonePaths(Path(sys.argv[1]), "a"))
"""


def starter(paths: ZonePaths, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", START, str(paths.root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environment},
        start_new_session=True,
    )


class TestLifeCycle:
    def test_from_nothing_to_nothing(self, paths: ZonePaths) -> None:
        assert not inspect_zone(paths).up
        facts = start_zone(paths)
        assert facts.up
        assert facts.reason == ""
        assert facts.supervisor_pid == int(paths.supervisor_pid.read_text())
        assert facts.watchdog_pid == int(paths.watchdog_pid.read_text())
        stop_zone(paths)
        facts = inspect_zone(paths)
        assert (facts.supervisor_pid, facts.watchdog_pid, facts.stopped) == (None, None, True)
        assert facts.reason == "it is stopped on purpose"
        remove_zone(paths)
        assert not paths.directory.exists()
        assert not inspect_zone(paths).exists

    def test_every_call_may_be_repeated(self, paths: ZonePaths) -> None:
        first = start_zone(paths)
        create_zone(paths)
        assert start_zone(paths) == first
        for _ in range(2):
            stop_zone(paths)
        assert start_zone(paths).up
        for _ in range(2):
            remove_zone(paths)

    def test_a_zone_that_was_not_made(self, tmp_path: Path) -> None:
        paths = ZonePaths(tmp_path, "nowhere")
        with pytest.raises(ZoneError, match="does not exist"):
            start_zone(paths)
        stop_zone(paths)
        assert inspect_zone(paths).reason.endswith("was not made")

    def test_an_unusable_directory(self, tmp_path: Path) -> None:
        with pytest.raises(ZoneError, match="choose another path"):
            create_zone(ZonePaths(tmp_path / "a[b]", "a"))

    def test_a_supervisor_that_ends_at_once_says_why(self, paths: ZonePaths) -> None:
        (paths.members / "broken.conf").write_text("[program:x]\n")
        with pytest.raises(ZoneError, match=r"ended at its start: .*program:x.*does not specify a command"):
            start_zone(paths)

    def test_somebody_elses_socket_folder(self, paths: ZonePaths) -> None:
        paths.socket.parent.symlink_to("/tmp")
        with pytest.raises(ZoneError, match="is not a folder of this user"):
            start_zone(paths)
        paths.socket.parent.unlink()

    def test_a_hung_supervisor_is_told_and_can_be_stopped(self, zone: ZonePaths) -> None:
        send(supervisor(zone), signal.SIGSTOP)
        facts = inspect_zone(zone)
        assert facts.supervisor_pid is not None
        assert not facts.answering
        assert "does not answer" in facts.reason
        with pytest.raises(ZoneError, match="stop the zone and start it again"):
            start_zone(zone, seconds=1)
        stop_zone(zone, grace=0.5)
        assert start_zone(zone).up

    def test_neighbours_do_not_meet(self, zone: ZonePaths, tmp_path: Path) -> None:
        """Another zone of the cluster, and a zone of the same name of another cluster."""
        others = [ZonePaths(zone.root, "b"), ZonePaths(tmp_path / "other", "a")]
        try:
            for other in others:
                create_zone(other)
                start_zone(other)
            pids = {inspect_zone(paths).supervisor_pid for paths in (zone, *others)}
            assert len(pids) == 3
            for other in others:
                power_off(other)
            assert inspect_zone(zone).up
        finally:
            for other in others:
                remove_zone(other)
        assert inspect_zone(zone).up

    def test_zones_removed_at_the_same_time_leave_nothing(self, paths: ZonePaths) -> None:
        zones = [paths, *(ZonePaths(paths.root, name) for name in "bcd")]
        for zone in zones:
            create_zone(zone)
        sockets = paths.socket.parent
        with ThreadPoolExecutor(len(zones)) as pool:
            list(pool.map(start_zone, zones))
            assert sockets.is_dir()
            list(pool.map(remove_zone, zones))
        assert not sockets.exists()
        assert not paths.directory.parent.exists()


class TestDaemons:
    @pytest.mark.parametrize("find", [supervisor, watchdog])
    def test_apart_from_whoever_started_them(self, paths: ZonePaths, find: Callable[[ZonePaths], Process]) -> None:
        start = starter(paths, PULUMI_CONFIG_PASSPHRASE="x", GRPC_VERBOSITY="NONE", AWS_PROFILE="x", ETCD_OPS_KEPT="1")
        output, _ = start.communicate(timeout=30)  # ends only once no daemon holds the pipe
        assert (start.returncode, output) == (0, "")
        daemon = find(paths)
        assert daemon.session == daemon.pid
        assert os.readlink(f"/proc/{daemon.pid}/cwd") == str(paths.directory)  # noqa: PTH115
        environment = Path(f"/proc/{daemon.pid}/environ").read_text().split("\0")
        names = {item.partition("=")[0] for item in environment}
        assert {"PATH", "ETCD_OPS_KEPT"} <= names
        assert not any(name.startswith(("PULUMI_", "GRPC_", "AWS_")) for name in names)

    def test_no_descriptor_is_inherited(self, paths: ZonePaths) -> None:
        read, write = os.pipe()
        os.set_inheritable(write, True)
        start_zone(paths)
        os.close(write)
        assert os.read(read, 1) == b"", "a daemon still holds the pipe"
        os.close(read)
        for daemon in (supervisor(paths), watchdog(paths)):
            standard = [os.readlink(f"/proc/{daemon.pid}/fd/{number}") for number in range(3)]  # noqa: PTH115
            assert standard == ["/dev/null", str(paths.output), str(paths.output)]

    def test_they_outlive_a_killed_starter_and_its_group(self, paths: ZonePaths) -> None:
        code = START + "import time; print('up', flush=True); time.sleep(600)"
        start = subprocess.Popen(
            [sys.executable, "-c", code, str(paths.root)], stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert start.stdout is not None
        assert start.stdout.readline() == "up\n"
        os.killpg(start.pid, signal.SIGKILL)
        start.communicate()
        assert inspect_zone(paths).up

    def test_an_object_stores_variables_are_kept_where_it_is_used(
        self, paths: ZonePaths, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_PROFILE", "chosen")
        create_zone(paths, object_store=True)
        start_zone(paths)
        assert b"AWS_PROFILE=chosen" in Path(f"/proc/{supervisor(paths).pid}/environ").read_bytes()

    def test_two_starts_at_once_give_one_supervisor(self, paths: ZonePaths) -> None:
        starts = [starter(paths) for _ in range(4)]
        for start in starts:
            output, _ = start.communicate(timeout=60)
            assert (start.returncode, output) == (0, "")
        assert len(supervisors(paths)) == 1
        watchdogs = [process for process in everyone() if "etcd_ops.zone.watchdog" in process.command]
        assert [process.pid for process in watchdogs if str(paths.directory) in process.command] == [
            inspect_zone(paths).watchdog_pid
        ]

    def test_a_pid_file_of_before_a_reboot_names_nobody(self, paths: ZonePaths) -> None:
        paths.supervisor_pid.write_text(f"{os.getpid()}\n")
        paths.watchdog_pid.write_text(f"{os.getppid()}\n")
        assert not inspect_zone(paths).up
        assert start_zone(paths).up

    @pytest.mark.parametrize("content", [None, "", "12"])
    def test_a_lost_pid_file_does_not_give_a_second_supervisor(self, zone: ZonePaths, content: str | None) -> None:
        before = inspect_zone(zone)
        for file in (zone.supervisor_pid, zone.watchdog_pid):
            file.unlink() if content is None else file.write_text(content)
        after = start_zone(zone)
        assert (after.supervisor_pid, after.watchdog_pid) == (before.supervisor_pid, before.watchdog_pid)


@pytest.mark.etcd
class TestFaults:
    def test_a_killed_supervisor_takes_etcd_along_and_both_come_back(self, zone: ZonePaths, add: AddMember) -> None:
        member = add("m0")
        eventually(member.healthy)
        assert member.put("key")
        before = supervisor(zone)
        programs_ = family(before)
        assert {Path(process.command[0]).name for process in programs_} >= {"etcd"}
        send(before, signal.SIGKILL)
        assert wait_gone(programs_, 5) == []
        eventually(lambda: member.healthy() and member.has("key"))
        assert supervisor(zone) != before
        assert len(supervisors(zone)) == 1

    def test_a_killed_watchdog_is_back_with_the_next_start(self, zone: ZonePaths, add: AddMember) -> None:
        member = add("m0")
        eventually(member.healthy)
        etcd = etcd_of(zone)
        send(watchdog(zone), signal.SIGKILL)
        eventually(lambda: find_watchdog(zone) is None)
        assert inspect_zone(zone).reason == "it has no watchdog"
        assert start_zone(zone).up
        assert alive(etcd)

    def test_a_killed_etcd_and_a_killed_agent_come_back_alone(self, zone: ZonePaths, add: AddMember) -> None:
        member = add("m0")
        eventually(member.healthy)
        eventually((member.path / "agent" / "pid").exists)
        eventually(lambda: programs(zone) == {"etcd-m0": "RUNNING", "agent-m0": "RUNNING"})
        etcd, agent = etcd_of(zone), look(int((member.path / "agent" / "pid").read_text()))
        assert agent is not None
        send(agent, signal.SIGKILL)
        eventually(lambda: agent_pid(zone) not in (None, agent.pid))
        assert alive(etcd), "the agent's death must not reach etcd"
        send(etcd, signal.SIGKILL)
        eventually(lambda: member.healthy() and not alive(etcd))

    def test_a_deliberate_stop_is_not_fought(self, zone: ZonePaths, add: AddMember) -> None:
        member = add("m0")
        eventually(member.healthy)
        everything = [*family(supervisor(zone)), *family(watchdog(zone))]
        stop_zone(zone)
        assert wait_gone(everything, 0) == []
        assert supervisors(zone) == []
        # A watchdog that is started nevertheless ends at once.
        other = subprocess.run(
            [sys.executable, "-m", "etcd_ops.zone.watchdog", str(zone.directory)], timeout=20, check=True
        )
        assert other.returncode == 0
        assert supervisors(zone) == []
        start_zone(zone)
        eventually(member.healthy)

    def test_an_orderly_stop_lets_etcd_end_by_itself(self, zone: ZonePaths, add: AddMember) -> None:
        member = add("m0")
        eventually(member.healthy)
        stop_zone(zone)
        log = zone.member_log("m0").read_text()
        assert '"msg":"received signal; shutting down"' in log

    def test_power_off_and_on(self, zone: ZonePaths, add: AddMember) -> None:
        members = [add(slot) for slot in ("m0", "m1")]
        for member in members:
            eventually(member.healthy)
            assert member.put("key")
        everything = [*family(supervisor(zone)), *family(watchdog(zone))]
        assert len(everything) >= 6
        power_off(zone)
        assert wait_gone(everything, 0) == []
        assert supervisors(zone) == []
        facts = inspect_zone(zone)
        assert (facts.up, facts.stopped) == (False, False)
        power_off(zone)
        assert start_zone(zone).up
        for member in members:
            eventually(member.healthy)
            assert member.has("key")

    def test_what_must_not_start_is_not_tried_again_and_again(self, zone: ZonePaths, add: AddMember) -> None:
        member = add("m0")
        eventually(member.healthy)
        (member.path / "marker.json").rename(member.path / "marker.away")
        send(etcd_of(zone), signal.SIGKILL)
        eventually(lambda: refused(zone, "m0"))
        log = zone.member_log("m0").read_text()
        assert log.count("not started: the volume carries no identity marker") == 1
        time.sleep(1.5)  # longer than supervisord takes to start what it believes it should
        assert programs(zone)["etcd-m0"] == "EXITED"

    def test_small(self, zone: ZonePaths) -> None:
        """The watchdog does nothing but wait: it must not cost what a member could use."""
        status = Path(f"/proc/{watchdog(zone).pid}/status").read_text()
        resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
        assert resident < 30_000, "kB"


def etcd_of(paths: ZonePaths) -> Process:
    return next(process for process in family(supervisor(paths)) if Path(process.command[0]).name == "etcd")


def agent_pid(paths: ZonePaths) -> int | None:
    program = inspect_zone(paths).programs.get("agent-m0")
    return program.pid if program is not None and program.state == "RUNNING" else None


@pytest.fixture
def _umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_umask")
def test_nobody_else_may_look(zone: ZonePaths) -> None:
    for path in (zone.socket.parent, zone.directory, zone.settings, zone.log, zone.supervisor_pid):
        assert path.stat().st_mode & 0o077 == 0, path
    assert json.loads(zone.settings.read_text())["socket"] == str(zone.socket)
