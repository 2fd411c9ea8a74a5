"""One set of nodes on a machine: whoever comes second is told who has them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.nodes import exclusive
from tests.nodes.exclusive import Taken, alone, owner
from tools import ROOT

PROLOGUE = """
import sys
from pathlib import Path
from tests.nodes import exclusive
exclusive.LOCK = Path(sys.argv[1])
"""
HOLD = """
with exclusive.alone():
    print("alone", flush=True)
    sys.stdin.read()
"""
RACE = """
inside = exclusive.LOCK.with_suffix(".inside")
won = 0
while won < 50:
    try:
        with exclusive.alone():
            inside.touch(exist_ok=False)
            inside.unlink()
            won += 1
    except exclusive.Taken:
        pass
"""


@pytest.fixture(autouse=True)
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Not the machine's own."""
    monkeypatch.setattr(exclusive, "LOCK", tmp_path / "lock")
    return exclusive.LOCK


def start(program: str, lock: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROLOGUE + program, str(lock)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    )


@contextmanager
def another(lock: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that is alone."""
    with start(HOLD, lock) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "alone\n"
        try:
            yield process
        finally:
            process.kill()


def test_the_second_is_told_who_is_the_first(lock: Path) -> None:
    with another(lock) as first, pytest.raises(Taken, match=f"^process {first.pid} "), alone():
        pass


def test_an_owner_is_known_until_it_ends(lock: Path) -> None:
    assert owner() is None
    with another(lock) as first:
        found = owner()
        assert found is not None and found.pid == first.pid
        first.communicate("", timeout=10)
        assert owner() is None
        assert not lock.exists()


def test_whoever_was_killed_is_in_nobodys_way(lock: Path) -> None:
    with another(lock) as first:
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert lock.exists()
    assert owner() is None
    with alone():
        found = owner()
        assert found is not None and found.pid == os.getpid()
    assert not lock.exists()


def test_of_many_there_is_never_more_than_one(lock: Path) -> None:
    racing = [start(RACE, lock) for _ in range(4)]
    assert [process.wait(60) for process in racing] == [0] * 4
    assert not lock.exists()
