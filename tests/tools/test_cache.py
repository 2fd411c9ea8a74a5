"""A half-made program is never found, and a program is made once."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from etcd_ops.programs.cache import Cache, Key

KEY = Key("probe", "1.0", b"recipe")

MAKE_AND_WAIT = """
import sys, time
from pathlib import Path
from etcd_ops.programs.cache import Cache, Key

def make(into):
    (into / "half").write_text("made")
    print("making", flush=True)
    time.sleep(60)

Cache(Path(sys.argv[1])).obtain(Key("probe", "1.0", b"recipe"), make)
"""

COUNT = """
import sys
from pathlib import Path
from etcd_ops.programs.cache import Cache, Key

def make(into):
    with open(sys.argv[2], "a") as log:
        log.write("made\\n")
    (into / "program").write_text("whole")

folder = Cache(Path(sys.argv[1])).obtain(Key("probe", "1.0", b"recipe"), make)
assert (folder / "program").read_text() == "whole"
"""


def make_whole(into: Path) -> None:
    (into / "program").write_text("whole")


def test_made_once_and_found_again(cache: Cache) -> None:
    made = []

    def make(into: Path) -> None:
        made.append(into)
        make_whole(into)

    assert cache.find(KEY) is None
    first = cache.obtain(KEY, make)
    assert cache.obtain(KEY, make) == first == cache.find(KEY)
    assert len(made) == 1
    assert (first / "program").read_text() == "whole"


def test_another_recipe_is_another_program(cache: Cache) -> None:
    first = cache.obtain(KEY, make_whole)
    assert cache.obtain(Key("probe", "1.0", b"other recipe"), make_whole) != first


def test_what_fails_leaves_nothing(cache: Cache) -> None:
    def fail(into: Path) -> None:
        (into / "half").write_text("made")
        (into / "protected").mkdir(mode=0o500)
        raise RuntimeError("no space left")

    with pytest.raises(RuntimeError, match="no space left"):
        cache.obtain(KEY, fail)
    assert cache.find(KEY) is None
    assert not [path for path in cache.root.rglob("*") if path.name == "half"]
    assert sorted(path.name for path in cache.obtain(KEY, make_whole).iterdir()) == ["program"]


def test_a_killed_maker_leaves_nothing_to_find(cache: Cache) -> None:
    maker = subprocess.Popen([sys.executable, "-c", MAKE_AND_WAIT, str(cache.root)], stdout=subprocess.PIPE, text=True)
    assert maker.stdout is not None
    assert maker.stdout.readline() == "making\n"
    maker.send_signal(signal.SIGKILL)
    maker.communicate()
    assert cache.find(KEY) is None
    assert sorted(path.name for path in cache.obtain(KEY, make_whole).iterdir()) == ["program"]


def test_several_processes_make_it_once(cache: Cache, tmp_path: Path) -> None:
    log = tmp_path / "log"
    makers = [subprocess.Popen([sys.executable, "-c", COUNT, str(cache.root), str(log)]) for _ in range(5)]
    assert [maker.wait() for maker in makers] == [0] * 5
    assert log.read_text() == "made\n"


def test_chosen_by_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("PULUMI_ETCD_CACHE", raising=False)
    assert Cache.of_user().root == tmp_path / "xdg" / "pulumi-etcd"
    monkeypatch.setenv("PULUMI_ETCD_CACHE", str(tmp_path / "own"))
    assert Cache.of_user().root == tmp_path / "own"
