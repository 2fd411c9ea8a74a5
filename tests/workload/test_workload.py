"""The workload against real etcd, through kills, stalls, other credentials and lost data."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.etcd.authority import Authority
from tests.etcd.members import Member
from tests.workload import Options, Workload, checker
from tests.workload.cluster import connect
from tests.workload.conftest import MakeMember
from tests.workload.history import Tail
from tests.workload.options import LoadConfig
from tests.workload.workload import REPOSITORY

pytestmark = pytest.mark.etcd


def test_a_killed_and_a_stalled_etcd_lose_nothing(etcd: Member, connection_file: Path, tmp_path: Path) -> None:
    with Workload(connection_file, tmp_path / "load", Options(request_timeout=0.5)) as workload:
        with workload.mark("undisturbed"):
            workload.wait_for(acknowledged=100)
        with workload.mark("killed"):
            etcd.kill()
            wait_for_errors(workload, "fail", workload.options.clients)
            etcd.start([etcd])
            workload.wait_for(acknowledged=50)
        with workload.mark("stalled"):
            etcd.pause()
            stalled_at = time.monotonic()
            wait_for_errors(workload, "unknown", workload.options.clients)
            stalled = time.monotonic() - stalled_at
            etcd.resume()
            workload.wait_for(acknowledged=50)
    report = workload.check(minimum=200)
    assert report.summary.failed >= workload.options.clients
    assert report.summary.unknown >= workload.options.clients
    assert report.gap("undisturbed") < report.gap("killed")
    assert report.gap("stalled") >= stalled
    assert report.gap() >= max(report.gap("killed"), report.gap("stalled"))
    assert report.phase("undisturbed").unknown == 0
    assert report.verdict["keys"] == workload.options.keys
    assert report.verdict["appended"] > 20
    assert_one_open_operation_a_process(workload)


def assert_one_open_operation_a_process(workload: Workload) -> None:
    process_of: dict[int, int] = {}
    ended: set[int] = set()
    for event in Tail(workload.history).events():
        if event["event"] == "invoke":
            assert event["process"] not in ended
            process_of[event["id"]] = event["process"]
        if event["event"] == "unknown":
            ended.add(process_of[event["id"]])
    assert ended


def test_clients_go_on_to_members_that_answer(make_member: MakeMember, authority: Authority, tmp_path: Path) -> None:
    trio = [make_member(name, f"127.42.0.{number}") for number, name in enumerate(("a", "b", "c"), start=4)]
    for member in trio:
        member.start(trio)
    connection_file = connect(tmp_path / "connection.json", trio, authority)
    with Workload(connection_file, tmp_path / "load", Options(dwell=0.5, request_timeout=0.5)) as workload:
        trio[0].kill()
        wait_for_errors(workload, "fail", 1)
        workload.wait_for(acknowledged=40)
        trio[0].start(trio)
        wait_until_it_serves(workload, trio[0])
        trio[1].pause()
        wait_for_errors(workload, "unknown", 1)
        workload.wait_for(acknowledged=40)
        trio[1].resume()
        wait_until_it_serves(workload, trio[1])
    workload.check(minimum=80)


def wait_until_it_serves(workload: Workload, member: Member) -> None:
    """Wait until a member has acknowledged something that is asked of it from now on."""
    tail = Tail(workload.history)
    seen = max((e["id"] for e in tail.events() if e["event"] == "invoke"), default=0)
    asked: set[int] = set()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for event in tail.events():
            if event["event"] == "invoke" and event["endpoint"] == member.endpoint and event["id"] > seen:
                asked.add(event["id"])
            if event["event"] == "ok" and event["id"] in asked:
                return
        time.sleep(0.05)
    raise AssertionError(f"{member.name} acknowledged nothing")


def wait_for_errors(workload: Workload, kind: str, count: int) -> None:
    """Wait until a number of further operations have ended so."""
    tail = Tail(workload.history)
    for _ in tail.events():
        pass
    seen = 0
    deadline = time.monotonic() + 20
    while seen < count:
        assert time.monotonic() < deadline, f"{seen} of {count} further operations ended {kind}"
        time.sleep(0.05)
        seen += sum(event["event"] == kind for event in tail.events())


def test_an_etcd_whose_data_were_wiped_is_found_out(etcd: Member, connection_file: Path, tmp_path: Path) -> None:
    with Workload(connection_file, tmp_path / "load") as workload:
        workload.wait_for(acknowledged=50)
        etcd.kill()
        shutil.rmtree(etcd.folder / "data")
        etcd.start([etcd])
        workload.wait_for(acknowledged=20)
    with pytest.raises(AssertionError, match="went backwards") as error:
        workload.check()
    assert "is not linearizable" in str(error.value)
    assert "the acknowledged write of" in str(error.value)
    assert (workload.directory / "bad-key.html").exists()


def test_two_clusters_behind_one_name_are_found_out(
    etcd: Member, make_member: MakeMember, authority: Authority, tmp_path: Path
) -> None:
    other = make_member("other", "127.42.0.2")
    other.start([other])
    connection_file = connect(tmp_path / "connection.json", [etcd, other], authority)
    with Workload(connection_file, tmp_path / "load") as workload:
        workload.wait_for(acknowledged=100)
    with pytest.raises(AssertionError, match="answers came from several clusters"):
        workload.check()


def test_it_follows_another_authority_and_another_endpoint(etcd: Member, connection_file: Path, tmp_path: Path) -> None:
    with Workload(connection_file, tmp_path / "load") as workload:
        workload.wait_for(acknowledged=20)
        etcd.kill()
        second = Authority("second")
        moved = Member("single", "127.42.0.3", etcd.binary, tmp_path / "moved", second)
        shutil.move(etcd.folder / "data", moved.folder / "data")
        moved.start([moved])
        try:
            connect(connection_file, [moved], second)
            workload.wait_for(acknowledged=50)
            workload.stop()
        finally:
            moved.kill()
    workload.check(minimum=70)


def test_the_rate_is_bounded(connection_file: Path, tmp_path: Path) -> None:
    with Workload(connection_file, tmp_path / "load", Options(rate=40.0, clients=3)) as workload:
        workload.wait_for(acknowledged=60)
    summary = workload.check().summary
    # Each client may be one request ahead at either end of the run.
    assert summary.acknowledged <= 40.0 * summary.seconds + 2 * 3
    assert summary.operations_per_second > 20.0


def test_a_load_that_ended_by_itself_proves_nothing(connection_file: Path, tmp_path: Path) -> None:
    with Workload(connection_file, tmp_path / "load", Options(max_duration=1.0)) as workload:
        os.waitid(os.P_PID, workload.pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(AssertionError, match="ended before it was stopped"):
        workload.check()


def test_a_killed_load_loses_nothing_but_is_reported(connection_file: Path, tmp_path: Path) -> None:
    with Workload(connection_file, tmp_path / "load") as workload:
        workload.wait_for(acknowledged=50)
        os.kill(workload.pid, signal.SIGKILL)
        os.waitid(os.P_PID, workload.pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(AssertionError, match="no complete final read-back"):
        workload.check()
    assert checker.judge(workload.history, read_back=False)["ok"]


def test_too_little_load_proves_nothing(connection_file: Path, tmp_path: Path) -> None:
    with Workload(connection_file, tmp_path / "load") as workload:
        pass
    with pytest.raises(AssertionError, match="10000 were expected"):
        workload.check(minimum=10_000)


def test_a_cluster_that_does_not_answer_fails_the_start(etcd: Member, connection_file: Path, tmp_path: Path) -> None:
    etcd.kill()
    with (
        pytest.raises(AssertionError, match=r"not within 2\.5 s(.|\n)*failed to connect"),
        Workload(connection_file, tmp_path / "load", start_timeout=2.5),
    ):
        pytest.fail("it started")


def test_the_load_ends_with_its_parent(connection_file: Path, tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", ORPHAN_MAKER, str(connection_file), str(tmp_path / "load")],
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )
    assert parent.stdout is not None
    load = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 5
    while is_running(load):
        assert time.monotonic() < deadline, "the load outlived its parent"
        time.sleep(0.05)
    parent.stdout.close()


ORPHAN_MAKER = """
import pathlib, sys, time
from tests.workload import Workload
workload = Workload(*map(pathlib.Path, sys.argv[1:]))
workload.start()
print(workload.pid, flush=True)
time.sleep(60)
"""


def is_running(pid: int) -> bool:
    """Whether a process runs: a zombie, which only its adoptive parent can reap, does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_the_load_is_told_everything_by_its_configuration(tmp_path: Path) -> None:
    config = LoadConfig("connection", "history", "run", 7, Options(clients=2, rate=8.0))
    config.write(tmp_path / "load.json")
    assert LoadConfig.read(tmp_path / "load.json") == config
    assert config.options.interval == 0.25
