"""Where a local cluster finds etcd's program."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from etcd_ops.model.problems import Invalid
from etcd_ops.programs import etcd
from etcd_ops.programs.progress import ObtainError
from pulumi_etcd.local.etcd_binary import find


def program(folder: Path, says: str) -> Path:
    path = folder / "etcd"
    path.write_text(f"#!/bin/sh\n{says}\n")
    path.chmod(0o755)
    return path


def test_a_named_program_is_used_and_hashed(tmp_path: Path) -> None:
    path = program(tmp_path, "echo etcd Version: 3.6.15")
    found = find("3.6.15", str(path))
    assert (found.source, found.sha256) == (str(path), hashlib.sha256(path.read_bytes()).hexdigest())


def test_a_program_that_is_exchanged_is_hashed_again(tmp_path: Path) -> None:
    first = find("3.6.15", str(program(tmp_path, "echo etcd Version: 3.6.15")))
    second = find("3.6.15", str(program(tmp_path, "echo etcd Version: 3.6.15 # built again")))
    assert first.sha256 != second.sha256


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ("echo etcd Version: 3.5.34", "is etcd 3.5.34; name a program of etcd 3.6.15"),
        ("echo hello", "does not say that it is etcd"),
        ("exit 1", "does not say that it is etcd"),
    ],
)
def test_a_program_of_another_version_is_refused(tmp_path: Path, says: str, expected: str) -> None:
    with pytest.raises(Invalid, match=expected) as refusal:
        find("3.6.15", str(program(tmp_path, says)))
    assert [problem.path for problem in refusal.value.problems] == ["etcd.path"]


@pytest.mark.parametrize("path", ["/nowhere/etcd", "relative/etcd", "/"])
def test_a_path_that_is_no_program_is_refused(path: str) -> None:
    with pytest.raises(Invalid, match="is not the absolute path of a program"):
        find("3.6.15", path)


def test_without_a_path_a_pinned_one_is_obtained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = program(tmp_path, "echo etcd Version: 3.7.2")
    monkeypatch.setattr(etcd, "obtain", lambda version: path.parent if version == "3.7.2" else None)
    assert find("3.7.2", None).source == str(path)


def test_what_cannot_be_had_is_said_with_what_can(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(version: str) -> Path:
        raise ObtainError(f"etcd {version} is not pinned here")

    monkeypatch.setattr(etcd, "obtain", refuse)
    with pytest.raises(Invalid, match=r"etcd\.version: etcd 3\.6\.99 is not pinned here; use one of .*etcd\.path"):
        find("3.6.99", None)
