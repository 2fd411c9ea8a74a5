from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from etcd_ops.volume.binaries import cache_binary, cache_program_of_image, cached

WORKS = b"#!/bin/sh\necho etcd Version: 0.0.0\n"


def program(tmp_path: Path, content: bytes) -> tuple[str, str]:
    path = tmp_path / "source"
    path.write_bytes(content)
    return str(path), hashlib.sha256(content).hexdigest()


def test_cached_under_its_hash_and_ready_to_run(tmp_path: Path) -> None:
    source, sha256 = program(tmp_path, WORKS)
    assert cached(tmp_path) == frozenset()
    cache_binary(tmp_path, source, sha256)
    copy = tmp_path / "member" / "bin" / sha256 / "etcd"
    assert cached(tmp_path) == {sha256}
    assert copy.read_bytes() == WORKS
    assert copy.stat().st_mode & 0o777 == 0o500


def test_the_copy_needs_its_source_no_more(tmp_path: Path) -> None:
    source, sha256 = program(tmp_path, WORKS)
    cache_binary(tmp_path, source, sha256)
    Path(source).unlink()
    cache_binary(tmp_path, source, sha256)
    assert cached(tmp_path) == {sha256}


def test_a_damaged_copy_is_replaced(tmp_path: Path) -> None:
    source, sha256 = program(tmp_path, WORKS)
    cache_binary(tmp_path, source, sha256)
    copy = tmp_path / "member" / "bin" / sha256 / "etcd"
    copy.chmod(0o700)
    copy.write_bytes(WORKS[:10])
    cache_binary(tmp_path, source, sha256)
    assert copy.read_bytes() == WORKS


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"not a program at all", "does not run on this machine"),
        (b"#!/bin/sh\necho too old >&2; exit 3\n", "does not run: exit status 3 too old"),
    ],
)
def test_what_does_not_run_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    source, sha256 = program(tmp_path, content)
    with pytest.raises(ValueError, match=reason):
        cache_binary(tmp_path, source, sha256)
    assert cached(tmp_path) == frozenset()
    assert list((tmp_path / "member" / "bin").iterdir()) == []


def test_another_hash_is_refused(tmp_path: Path) -> None:
    source, sha256 = program(tmp_path, WORKS)
    with pytest.raises(ValueError, match=f"has SHA-256 {sha256}, not {'0' * 64} as declared"):
        cache_binary(tmp_path, source, "0" * 64)
    assert cached(tmp_path) == frozenset()


def test_a_missing_source_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        cache_binary(tmp_path, str(tmp_path / "nowhere"), "0" * 64)
    with pytest.raises(ValueError, match=r"etcd\.binary\.source: nowhere is not an absolute path"):
        cache_binary(tmp_path, "nowhere", "0" * 64)


def test_what_a_crash_left_behind_is_removed(tmp_path: Path) -> None:
    source, sha256 = program(tmp_path, WORKS)
    left = tmp_path / "member" / "bin" / f".{sha256}.1-2.partial"
    left.mkdir(parents=True)
    (left / "etcd").write_bytes(WORKS)
    assert cached(tmp_path) == frozenset()
    cache_binary(tmp_path, source, sha256)
    assert not left.exists()


IMAGE = "1" * 64


def test_the_program_of_an_image_is_named_by_the_image(tmp_path: Path) -> None:
    source, _ = program(tmp_path, WORKS)
    cache_program_of_image(tmp_path, source, IMAGE)
    assert cached(tmp_path) == {IMAGE}
    assert (tmp_path / "member" / "bin" / IMAGE / "etcd").read_bytes() == WORKS


def test_a_damaged_program_of_an_image_is_replaced(tmp_path: Path) -> None:
    source, _ = program(tmp_path, WORKS)
    cache_program_of_image(tmp_path, source, IMAGE)
    copy = tmp_path / "member" / "bin" / IMAGE / "etcd"
    copy.chmod(0o700)
    copy.write_bytes(WORKS[:10])
    cache_program_of_image(tmp_path, source, IMAGE)
    assert copy.read_bytes() == WORKS


def test_what_is_not_there_yet_is_told(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        cache_program_of_image(tmp_path, str(tmp_path / "nowhere"), IMAGE)
    with pytest.raises(ValueError, match="absolute"):
        cache_program_of_image(tmp_path, "nowhere", IMAGE)
