from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from etcd_ops.programs import etcd

NOBODY = 65534
"""User and group number of `nobody` on Linux: it owns nothing."""
BECOME = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all", "/bin/sh", "-c")
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of that user; pytest's own are closed to it."""
    path = Path(tempfile.mkdtemp(prefix="etcd-user-"))
    os.chown(path, NOBODY, NOBODY)
    yield path
    shutil.rmtree(path)


def interpreter(folder: Path) -> str | None:
    """A Python that the user may run, with this environment's packages; the environment's own may be root's."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    packages = "\n".join(str(folder / name) for name in ("packages", "repository/components", "repository"))
    for base in (str(Path(sys.executable).resolve()), f"/usr/bin/python{version}"):
        script = f"{base} -m venv --without-pip {folder}/venv && {folder}/venv/bin/python -c ''"
        if subprocess.run([*BECOME, script], check=False, capture_output=True).returncode == 0:
            (folder / f"venv/lib/python{version}/site-packages/environment.pth").write_text(packages)
            return f"{folder}/venv/bin/python"
    return None


def show(folder: Path) -> None:
    """What the user runs, where it may look: the folder that the repository is cloned into may be root's alone."""
    shutil.copytree(sysconfig.get_path("purelib"), folder / "packages", symlinks=True, copy_function=_link)
    for part in ("components", "tests"):
        shutil.copytree(REPOSITORY / part, folder / "repository" / part, symlinks=True, copy_function=_link)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk
        shutil.copy2(source, target)


@pytest.mark.etcd
def test_a_zone_needs_no_privileges(folder: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("this user is an ordinary one: all other tests of zones prove it")
    python = interpreter(folder)
    if python is None:
        pytest.skip("there is no Python of this version that an ordinary user may run")
    show(folder)
    program = shutil.copy(etcd.obtain("3.6.15") / "etcd", folder / "etcd")
    answer = subprocess.run(
        [*BECOME, f"exec {python} -m tests.zone.ordinary_user {folder} {program}"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert answer.stdout == f"lived as user {NOBODY}\n", answer.stderr
