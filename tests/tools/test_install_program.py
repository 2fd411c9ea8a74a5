"""The program that hands etcd from its image to the containers beside it."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from tools import go_programs


@pytest.fixture(scope="module")
def program() -> Path:
    return go_programs.obtain("install-program")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(b"first")
    return path


def install(program: Path, *words: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program, *words], capture_output=True, text=True, check=False, umask=0o077)


def refuses(program: Path, *words: Path) -> str:
    """The one line of a failure."""
    done = install(program, *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("install-program: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_it_needs_no_library(program: Path) -> None:
    assert b"ld-linux" not in program.read_bytes()


def test_it_makes_an_executable_copy_and_the_folders_of_it(program: Path, source: Path, tmp_path: Path) -> None:
    target = tmp_path / "programs" / "digest" / "etcd"
    assert install(program, source, target).returncode == 0
    assert target.read_bytes() == b"first"
    assert stat.S_IMODE(target.stat().st_mode) == 0o555
    assert list(target.parent.iterdir()) == [target]


def test_it_replaces_and_leaves_the_old_one_to_its_users(program: Path, source: Path, tmp_path: Path) -> None:
    target = tmp_path / "etcd"
    install(program, source, target)
    with target.open("rb") as used:
        source.write_bytes(b"second")
        assert install(program, source, target).returncode == 0
        assert used.read() == b"first"
    assert target.read_bytes() == b"second"
    assert install(program, source, target).returncode == 0


def test_a_missing_source_leaves_the_target_as_it_was(program: Path, source: Path, tmp_path: Path) -> None:
    target = tmp_path / "programs" / "etcd"
    install(program, source, target)
    assert "missing: no such file" in refuses(program, tmp_path / "missing", target)
    assert list(target.parent.iterdir()) == [target]
    assert target.read_bytes() == b"first"


def test_a_source_that_is_a_folder(program: Path, tmp_path: Path) -> None:
    assert "is a directory" in refuses(program, tmp_path, tmp_path / "etcd")
    assert list(tmp_path.iterdir()) == []


def test_a_target_where_nothing_can_be_written(program: Path, source: Path) -> None:
    refuses(program, source, Path("/proc/programs/etcd"))


def test_a_target_below_a_file(program: Path, source: Path) -> None:
    assert "not a directory" in refuses(program, source, source / "etcd")


def test_a_target_that_is_a_folder(program: Path, source: Path, tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    refuses(program, source, target)
    assert sorted(tmp_path.iterdir()) == [target, source]


def test_usage(program: Path, source: Path) -> None:
    assert "SOURCE TARGET" in refuses(program, source)
