"""Other releases of the agent, without machines: what the bootstrapper unpacks of them."""

from __future__ import annotations

import hashlib
import io
import subprocess
from pathlib import Path

import pytest

from etcd_ops.ec2 import bootstrap
from tests.machines.releases import broken, renumbered
from tools import agent_archive
from tools.oci_image import Entries, File, Link

METADATA = "lib/python3.11/site-packages/etcd_ops-0.1.0.dist-info/METADATA"
CONTENTS: Entries = {
    "/bin/etcd-ops": File(b"#!/bin/sh\n", 0o755),
    "/bin/same": Link("etcd-ops"),
    f"/{METADATA}": File(b"Metadata-Version: 2.4\nName: etcd-ops\nVersion: 0.1.0\n\nVersions\n"),
    "/lib/python3.11/site-packages/other-1.dist-info/METADATA": File(b"Version: 1\n"),
}


def unpacked(archive: bytes, folder: Path) -> Path:
    digest = hashlib.sha256(archive).hexdigest()
    return bootstrap.fetch(digest, lambda: io.BytesIO(archive), folder).parent.parent


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_only_the_version_of_the_agent_is_another_one(tmp_path: Path) -> None:
    archive = agent_archive.packed(CONTENTS)
    changed = renumbered(archive, "9.9.9")
    assert changed == renumbered(archive, "9.9.9")
    before, after = files(unpacked(archive, tmp_path / "old")), files(unpacked(changed, tmp_path / "new"))
    assert after.pop(METADATA) == before.pop(METADATA).replace(b"\nVersion: 0.1.0", b"\nVersion: 9.9.9")
    assert after == before


def test_an_archive_of_something_else_is_told() -> None:
    with pytest.raises(ValueError, match="0 times"):
        renumbered(agent_archive.packed({"/bin/etcd-ops": File(b"")}), "9.9.9")


def test_a_broken_one_is_a_release_that_ends(tmp_path: Path) -> None:
    program = unpacked(broken(), tmp_path) / "bin/etcd-ops"
    assert subprocess.run([program, "agent"], check=False, capture_output=True).returncode == 1
