"""Writers killed in mid-write: readers see an old object or a new one, whole, and other writers go on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from etcd_ops.channel.folder import LEFTOVER_AGE, TEMPORARY
from tests.channel.conftest import MakeStore, directory_store
from tests.channel.crash import NAME, Options, crash
from tests.channel.stores import run

KILLS = {"directory": 100, "seaweedfs": 40}


@pytest.mark.parametrize("kind", KILLS)
def test_killed_writers_leave_whole_objects(kind: str, make_store: MakeStore) -> None:
    report = crash(Options(make_store(kind), kills=KILLS[kind]))
    print(report)
    assert report.kills == KILLS[kind]
    assert report.reads >= report.kills
    assert (report.torn, report.lost, report.stuck) == (0, 0, 0)


def test_killed_anywhere_in_a_write(tmp_path: Path) -> None:
    report = crash(Options(directory_store(tmp_path)))
    print(report)
    assert (report.torn, report.lost, report.stuck) == (0, 0, 0)
    assert report.old > 20, "too few writers were killed before their object was there"
    assert report.new > 5, "too few writers were killed after it"
    assert report.leftovers > 5, "too few writers were killed in mid-write"


def test_leftovers_of_killed_writers_are_cleaned_up(tmp_path: Path) -> None:
    store = directory_store(tmp_path)
    crash(Options(store, kills=20))
    leftovers = list(tmp_path.glob(f"{TEMPORARY}*"))
    assert leftovers, "no writer was killed in mid-write"
    channel = store.connect()
    run(channel.put("status/a.json", b"{}"))
    assert set(tmp_path.glob(f"{TEMPORARY}*")) == set(leftovers), "a file that another writer may still need is gone"
    for leftover in leftovers:
        aged = leftover.stat().st_mtime - LEFTOVER_AGE - 1
        os.utime(leftover, (aged, aged))
    run(channel.put("status/a.json", b"{}"))
    assert {path.name for path in tmp_path.iterdir()} == {NAME, ".lock", "status"}
