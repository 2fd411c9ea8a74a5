"""`.ci/artifacts`, run as a workflow would, with a stand-in for `gh` that has one release."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tools import ROOT

_GH = """\
#!/bin/sh
printf '%s\\n' "$*" >> calls
case "$*" in
*--jq*) for file in release/*; do case "$*" in *"sha256:${file#release/}\\""*) echo "https://api/$file";; esac; done;;
*) for url; do :; done; cat "${url#https://api/}";;
esac
"""
CONTENT = b"a program"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PATH = ".artifacts/arm64/etcd"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """With a stack that names a file, and a release that has it."""
    for name in ("bin", "stacks", "release"):
        (tmp_path / name).mkdir()
    (tmp_path / "bin" / "gh").write_text(_GH)
    (tmp_path / "bin" / "gh").chmod(0o755)
    (tmp_path / "release" / SHA256).write_bytes(CONTENT)
    declare(tmp_path, SHA256)
    return tmp_path


def declare(project: Path, sha256: str) -> None:
    program = {"version": "3.6.15", "program": {"path": PATH, "sha256": sha256}}
    config = {"pulumi-etcd:region": "eu-central-1", "pulumi-etcd:zones": ["a"], "pulumi-etcd:etcd": program}
    (project / "stacks" / "Pulumi.aws-dev.yaml").write_text(yaml.safe_dump({"config": config}))


def run(project: Path) -> subprocess.CompletedProcess[str]:
    path = f"{project / 'bin'}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "STACK": "aws-dev", "REPOSITORY": "o/r", "GH_TOKEN": "t"}
    command = [sys.executable, str(ROOT / ".ci" / "artifacts")]
    return subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_file_is_found_by_its_content_and_put_where_the_stack_names_it(project: Path) -> None:
    done = run(project)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"pulumi-etcd:etcd.program: {PATH} is https://api/release/{SHA256}\n"
    assert (project / PATH).read_bytes() == CONTENT
    assert "repos/o/r/releases" in (project / "calls").read_text()


def test_a_file_that_is_there_is_not_fetched(project: Path) -> None:
    (project / PATH).parent.mkdir(parents=True)
    (project / PATH).write_bytes(CONTENT)
    assert run(project).returncode == 0
    assert not (project / "calls").exists()


def test_another_file_in_its_place_is_replaced(project: Path) -> None:
    (project / PATH).parent.mkdir(parents=True)
    (project / PATH).write_bytes(b"an older program")
    assert run(project).returncode == 0
    assert (project / PATH).read_bytes() == CONTENT


def test_what_no_release_has_is_told(project: Path) -> None:
    declare(project, "0" * 64)
    done = run(project)
    assert done.returncode == 1
    assert f"pulumi-etcd:etcd.program: no release of o/r has a file with the SHA-256 {'0' * 64}" in done.stderr


def test_what_a_release_says_is_not_believed(project: Path) -> None:
    (project / "release" / SHA256).write_bytes(b"something else")
    done = run(project)
    assert done.returncode == 1
    assert "has the SHA-256" in done.stderr
    assert not (project / PATH).exists()
