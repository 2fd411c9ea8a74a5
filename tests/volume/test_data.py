from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from etcd_ops.programs import etcd as programs
from etcd_ops.volume.data import ABSENT, UNREADABLE, DataFacts, inspect
from tests.servers.ports import free_block
from tests.volume.heads import CLUSTER, MEMBER, REAL, head

ADDRESS = "127.45.0.9"


def log(data: Path, name: str, content: bytes) -> None:
    (data / "member" / "wal").mkdir(parents=True, exist_ok=True)
    (data / "member" / "wal" / name).write_bytes(content)


def test_nothing_there(tmp_path: Path) -> None:
    assert inspect(tmp_path / "data") == ABSENT
    (tmp_path / "data" / "member" / "wal").mkdir(parents=True)
    assert inspect(tmp_path / "data") == ABSENT


def test_a_start_that_was_cut_off_is_no_data(tmp_path: Path) -> None:
    log(tmp_path, "0.tmp", b"")
    (tmp_path / "member" / "snap").mkdir()
    (tmp_path / "member" / "snap" / "db").write_bytes(b"x")
    assert inspect(tmp_path) == ABSENT


def test_identity(tmp_path: Path) -> None:
    log(tmp_path, "0000000000000000-0000000000000000.wal", REAL)
    assert inspect(tmp_path) == DataFacts(present=True, identity=(CLUSTER, MEMBER))


def test_the_newest_file_counts(tmp_path: Path) -> None:
    log(tmp_path, "0000000000000001-00000000000003e8.wal", b"damaged, and no longer needed by etcd")
    log(tmp_path, "0000000000000010-00000000000013e8.wal", head(7, 8, previous=1234))
    log(tmp_path, "0.tmp", b"")
    assert inspect(tmp_path).identity == (7, 8)


@pytest.mark.parametrize("name", ["0000000000000000-0000000000000000.wal", "strange.wal"])
def test_unreadable_data_is_data(tmp_path: Path, name: str) -> None:
    log(tmp_path, name, b"")
    assert inspect(tmp_path) == UNREADABLE


def test_a_file_in_place_of_a_folder_is_data(tmp_path: Path) -> None:
    (tmp_path / "member").write_bytes(b"")
    assert inspect(tmp_path) == UNREADABLE


def test_what_may_not_be_read_is_unknown(tmp_path: Path) -> None:
    loop = tmp_path / "member"
    loop.symlink_to(loop)
    with pytest.raises(OSError, match="symbolic links"):
        inspect(tmp_path)


@pytest.mark.etcd
@pytest.mark.parametrize("version", programs.versions())
def test_real_data_of_every_line(tmp_path: Path, version: str) -> None:
    port = free_block(2, ADDRESS)
    client, peer = f"http://{ADDRESS}:{port}", f"http://{ADDRESS}:{port + 1}"
    folder = programs.obtain(version)
    process = subprocess.Popen(
        [
            folder / "etcd", "--name=m0", f"--data-dir={tmp_path}", f"--initial-cluster=m0={peer}",
            f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
        ],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        said = status(folder / "etcdctl", client)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    assert inspect(tmp_path).identity == said


def status(etcdctl: Path, endpoint: str) -> tuple[int, int]:
    """Cluster ID and member ID as etcd itself tells them."""
    deadline = time.monotonic() + 20
    command = [str(etcdctl), f"--endpoints={endpoint}", "endpoint", "status", "--write-out=fields"]
    environment = {**os.environ, "ETCDCTL_API": "3"}
    while time.monotonic() < deadline:
        answer = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        lines = [line.split(" : ") for line in answer.stdout.splitlines() if " : " in line]
        fields = {name.strip('"'): value for name, value in lines}
        if "MemberID" in fields:
            return int(fields["ClusterID"]), int(fields["MemberID"])
    raise AssertionError("etcd did not become ready")
