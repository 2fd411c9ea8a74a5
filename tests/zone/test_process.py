from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from etcd_ops.zone.daemon import spawn
from etcd_ops.zone.identity import spawned
from etcd_ops.zone.process import (
    Process,
    alive,
    everyone,
    family,
    look,
    parse_ps,
    parse_stat,
    send,
    uptime,
    wait_end,
    wait_gone,
)
from tests.runtime.member import eventually

STAT = b"42 (a) b) (c) S 7 42 9 0 -1 4194560 1 0 0 0 1 0 0 0 20 0 1 0 12345 1 1 1\n"


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "600"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def test_a_name_may_hold_parentheses() -> None:
    assert parse_stat(42, STAT, b"sleep\x0060 0\0") == Process(42, "12345", 7, 9, ("sleep", "60 0"))


@pytest.mark.parametrize("stat", [STAT.replace(b" S ", b" Z "), b"", b"42 (a) S 1"])
def test_the_dead_are_none(stat: bytes) -> None:
    assert parse_stat(42, stat, b"") is None


def test_elsewhere_ps_tells() -> None:
    line = "Ss       7     42 Mon Nov 23 07:02:01 2026 /usr/bin/python -m etcd_ops.zone.watchdog /zone\n"
    command = ("/usr/bin/python", "-m", "etcd_ops.zone.watchdog", "/zone")
    assert parse_ps(42, line) == Process(42, "Mon Nov 23 07:02:01 2026", 7, 42, command)
    assert parse_ps(42, line.replace("Ss", "Z ")) is None
    assert parse_ps(42, "") is None


def test_ps_and_proc_agree(child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    def looked() -> Process | None:
        found = look(child.pid)
        return found if found and found.command[0] == "sleep" else None

    by_proc = eventually(looked)
    assert by_proc is not None
    monkeypatch.setattr("etcd_ops.zone.process._LINUX", False)
    by_ps = look(child.pid)
    assert by_ps is not None
    assert (by_ps.pid, by_ps.parent, by_ps.session, by_ps.command) == (
        by_proc.pid,
        os.getpid(),
        child.pid,
        ("sleep", "600"),
    )
    assert alive(by_ps)
    assert uptime(by_ps) < 60


def test_a_zombie_is_dead(child: subprocess.Popen[bytes]) -> None:
    found = look(child.pid)
    assert found is not None
    assert alive(found)
    assert send(found, signal.SIGKILL)
    assert wait_gone([found], 5) == []
    assert look(child.pid) is None
    assert not send(found, signal.SIGKILL)


def test_another_process_with_the_same_pid_is_not_meant(child: subprocess.Popen[bytes]) -> None:
    found = look(child.pid)
    assert found is not None
    former = found._replace(started="1")
    assert not alive(former)
    assert not send(former, signal.SIGKILL)
    assert alive(found)


def test_waiting_ends_with_the_process(child: subprocess.Popen[bytes]) -> None:
    found = look(child.pid)
    assert found is not None
    begun = time.monotonic()
    wait_end(found, 0.05)
    assert alive(found)
    child.kill()
    wait_end(found, 30)
    assert time.monotonic() - begun < 20
    assert wait_gone([found], 0) == []


def test_a_daemon_is_found_as_soon_as_it_was_started(tmp_path: Path) -> None:
    """Right after exec a process shows no command line for a moment; many starts meet that moment."""
    command = ["sleep", "600"]
    for _ in range(200):
        pid = spawn(command, tmp_path, tmp_path / "output", {"PATH": "/usr/bin:/bin"})
        process = spawned(pid, command)
        assert process is not None
        assert process.command == tuple(command)
        send(process, signal.SIGKILL)


def test_a_daemon_that_ended_at_once_is_none(tmp_path: Path) -> None:
    command = ["false", "argument"]
    pid = spawn(command, tmp_path, tmp_path / "output", {"PATH": "/usr/bin:/bin"})
    eventually(lambda: look(pid) is None)
    assert spawned(pid, command) is None


def test_uptime(child: subprocess.Popen[bytes]) -> None:
    found = look(child.pid)
    assert found is not None
    assert 0 <= uptime(found) < 60
    own = look(os.getpid())
    assert own is not None
    assert uptime(own) >= uptime(found)


def test_family_is_descendants_and_session() -> None:
    script = (
        "import os, subprocess, sys, time\n"
        "inner = subprocess.Popen(['sleep', '600'])\n"
        "apart = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        "print(inner.pid, apart.pid, flush=True); time.sleep(600)\n"
    )
    root = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert root.stdout is not None
    pids = {int(pid) for pid in root.stdout.readline().split()}
    found = look(root.pid)
    assert found is not None
    whole = family(found)
    assert {process.pid for process in whole} == {root.pid, *pids}
    for process in whole:
        send(process, signal.SIGKILL)
    root.wait()
    root.stdout.close()
    assert wait_gone(whole, 5) == []
    assert found.session not in {process.session for process in everyone()}


def test_the_family_never_holds_the_caller() -> None:
    own = look(os.getpid())
    assert own is not None
    child = subprocess.Popen(["sleep", "600"])
    try:
        found = look(child.pid)
        assert found is not None
        assert found.session == own.session
        assert {process.pid for process in family(found)} == {child.pid}
    finally:
        child.kill()
        child.wait()
