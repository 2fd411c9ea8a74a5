"""Commands that run as on a machine of their own: two at once do not meet, and nothing of either is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from etcd_ops.programs.cache import CACHE_VARIABLE, Cache
from tests.nodes import cgroups, traces
from tests.nodes.cluster import CLAIMED
from tests.nodes.isolation import folder_of
from tests.nodes.needing import need_nodes
from tests.nodes.test_cluster import until
from tools import ROOT

pytestmark = [pytest.mark.nodes, pytest.mark.timeout(60)]

TELL = 'set -e; echo "$NODES_PREFIX"'
HOLD = "echo held; exec cat"
FOLDERS = [CLAIMED, Path("/run/netns/etcdn-hub"), *traces.FOLDERS]


@pytest.fixture(autouse=True)
def possible(monkeypatch: pytest.MonkeyPatch) -> None:
    need_nodes()
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(ROOT / "components")]))


def command(script: str) -> list[str]:
    return [sys.executable, "-m", "tests.nodes.isolation", "sh", "-c", script]


def start(script: str) -> subprocess.Popen[str]:
    return subprocess.Popen(command(script), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(script), cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=50, check=False)


def processes(word: str) -> Sequence[psutil.Process]:
    return [each for each in psutil.process_iter(["cmdline"]) if word in (each.info["cmdline"] or ())]


def test_it_answers_as_the_command_does() -> None:
    done = run("cat; exit 7")
    assert (done.stdout, done.returncode) == ("", 7)


def test_two_have_different_names_and_do_not_see_each_other() -> None:
    made, mark = "ip netns add same; ip link add same type veth peer name other", time.time_ns()
    with start(f"{TELL}; {made}; touch /tmp/same; : first-{mark}; {HOLD}") as first:
        assert first.stdout is not None
        prefix = first.stdout.readline()
        assert first.stdout.readline() == "held\n"
        second = run(f"{TELL}; {made}; [ ! -e /tmp/same ]; cat /proc/[0-9]*/cmdline | grep -ac [f]irst-{mark}")
        first.communicate("")
    name, seen = second.stdout.splitlines()
    assert prefix and name != prefix.strip()
    assert (seen, second.returncode) == ("0", 1), "grep counts nothing"


def test_what_is_written_to_the_machine_s_folders_goes_with_it() -> None:
    mark = f"file-{time.time_ns()}"
    written = [f"mkdir -p {path}; touch {path}/{mark}" for path in FOLDERS]
    done = run("\n".join([TELL, *written]))
    assert done.returncode == 0
    assert not [path for path in FOLDERS if (path / mark).exists()]
    assert not folder_of(done.stdout.strip()).exists()


def test_the_clone_and_the_cache_are_the_machine_s_wherever_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "programs").symlink_to(Cache.of_user().root / "programs")
    monkeypatch.setenv(CACHE_VARIABLE, str(cache))
    assert run(f"test -f {ROOT}/Makefile && touch {cache}/kept").returncode == 0
    assert (cache / "kept").exists()


def test_whatever_it_started_ends_with_it() -> None:
    mark = str(time.time_ns())
    assert run(f"setsid sh -c 'sleep 300; : {mark}' & echo started").stdout == "started\n"
    assert processes(f"sleep 300; : {mark}") == []


def test_one_that_was_killed_takes_everything_along_and_the_next_has_its_place() -> None:
    group = next(iter(cgroups.controllers()))
    mark = str(time.time_ns())
    made = f"mkdir {group}/$NODES_PREFIX-a; (sleep 300; : {mark}) & {TELL}; echo held; sleep 300; : {mark}"
    with start(made) as killed:
        assert killed.stdout is not None
        prefix = killed.stdout.readline().strip()
        assert killed.stdout.readline() == "held\n"
        assert processes(made)
        killed.send_signal(signal.SIGKILL)
    until(lambda: processes(made) == [])
    assert (group / f"{prefix}-a").exists()
    assert folder_of(prefix).exists()
    assert run(TELL).stdout == f"{prefix}\n"
    assert not (group / f"{prefix}-a").exists()
    assert not folder_of(prefix).exists()


def test_where_there_can_be_no_nodes_the_command_runs_as_it_is() -> None:
    """And tests say why they are skipped."""
    without_root = ["unshare", "--user", *command('echo "$PPID $NODES_PREFIX"')]
    done = subprocess.run(without_root, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=50, check=True)
    assert done.stdout.split(" ") == [str(os.getpid()), f"{os.environ.get('NODES_PREFIX', '')}\n"]
