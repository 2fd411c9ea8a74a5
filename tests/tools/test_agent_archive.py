"""The agent's archive for machines: the same every time, and at home in any folder."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from etcd_ops.ec2 import bootstrap
from etcd_ops.ec2.calls import CALLS
from tools import agent_archive, python_runtime
from tools.agent_archive import Archive

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it is made from a machine with Linux")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return agent_archive.obtain(folder=tmp_path_factory.mktemp("archives"))


@pytest.fixture(scope="module")
def unpacked(archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the bootstrapper unpacks it."""
    program = bootstrap.fetch(archive.sha256, lambda: archive.path.open("rb"), tmp_path_factory.mktemp("releases"))
    return program.parent.parent


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_made_again_it_is_the_same(archive: Archive, tmp_path: Path) -> None:
    agent_archive._make(agent_archive.contents(), tmp_path)
    assert hashlib.sha256((tmp_path / "etcd-ops.tar.gz").read_bytes()).hexdigest() == archive.sha256


def run(unpacked: Path, *words: str) -> str:
    """Without anything of this machine's environment."""
    done = subprocess.run(
        ["/usr/bin/env", "-i", "PATH=/usr/bin:/bin", *words], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_it_brings_its_own_python_and_c_library(unpacked: Path) -> None:
    look = (
        "import json, sys, pathlib, etcd_ops, grpc, botocore; "
        "maps = pathlib.Path('/proc/self/maps').read_text().split(); "
        "print(json.dumps([sys.executable, sys.prefix, etcd_ops.__file__, [p for p in maps if '.so' in p]]))"
    )
    program, prefix, package, libraries = json.loads(run(unpacked, str(unpacked / "bin/python3"), "-c", look))
    assert (program, prefix) == (str(unpacked / "bin/python3"), str(unpacked))
    assert Path(package).is_relative_to(unpacked)
    assert [path for path in libraries if not path.startswith(str(unpacked))] == []


def test_it_is_found_through_a_link(unpacked: Path, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(unpacked)
    look = "import sys; print(sys.prefix)"
    assert run(unpacked, str(tmp_path / "current/bin/python3"), "-c", look).strip() == str(unpacked)


def test_the_command_is_there(unpacked: Path) -> None:
    assert "prepare" in run(unpacked, str(unpacked / "bin/etcd-ops"), "machine", "--help")


def test_every_service_that_members_call_is_described(unpacked: Path) -> None:
    data = unpacked / Path(python_runtime.PACKAGES).relative_to("/usr/local") / "botocore" / "data"
    assert {call.service for call in CALLS} <= {path.name for path in data.iterdir() if path.is_dir()}


def test_a_helper_is_started_by_the_same_python(unpacked: Path) -> None:
    """As the launcher does to read the channel."""
    look = "import subprocess, sys; print(subprocess.check_output([sys.executable, '-c', 'import etcd_ops; print(1)']))"
    assert "1" in run(unpacked, str(unpacked / "bin/python3"), "-c", look)
