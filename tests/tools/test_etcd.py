"""Where etcd comes from."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from etcd_ops.programs import etcd, golang
from etcd_ops.programs.cache import Cache, machine
from etcd_ops.programs.progress import ObtainError
from etcd_ops.programs.releases import Release
from tests.tools.scripts import write_script
from tests.tools.test_releases import archive, sha256


def install(folder: Path, version: str) -> None:
    for program in etcd.PROGRAMS:
        write_script(folder / program, f"echo 'etcd Version: {version}'")


def test_the_pinned_version_on_path_is_used(clean_path: Path, cache: Cache) -> None:
    install(clean_path, etcd.DEFAULT)
    assert etcd.obtain(etcd.DEFAULT, cache) == clean_path
    assert not cache.root.exists()


def test_another_version_on_path_is_not(clean_path: Path) -> None:
    install(clean_path, "3.6.14")
    assert etcd.on_path(etcd.DEFAULT) is None


def test_an_incomplete_installation_on_path_is_not(clean_path: Path) -> None:
    install(clean_path, etcd.DEFAULT)
    (clean_path / "etcdutl").unlink()
    assert etcd.on_path(etcd.DEFAULT) is None


def test_a_pinned_release_comes_before_a_build(
    clean_path: Path, cache: Cache, web: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, served = web
    content = archive(etcd=b"official", etcdctl=b"official", etcdutl=b"official")
    (served / "etcd.tar.gz").write_bytes(content)
    pinned = {etcd.DEFAULT: {machine(): Release(f"{url}/etcd.tar.gz", sha256(content))}}
    monkeypatch.setattr(etcd, "RELEASES", pinned)
    monkeypatch.setattr(golang, "obtain", lambda *_: pytest.fail("built although a release was to be had"))
    assert (etcd.obtain(etcd.DEFAULT, cache) / "etcd").read_bytes() == b"official"
    (served / "etcd.tar.gz").unlink()
    assert (etcd.obtain(etcd.DEFAULT, cache) / "etcd").read_bytes() == b"official"


def test_a_broken_release_falls_through_to_a_build(
    clean_path: Path, cache: Cache, web: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url, served = web
    (served / "etcd.tar.gz").write_bytes(b"broken")
    pinned = {etcd.DEFAULT: {machine(): Release(f"{url}/etcd.tar.gz", "00")}}
    monkeypatch.setattr(etcd, "RELEASES", pinned)
    monkeypatch.setattr(golang, "obtain", lambda *_: tmp_path / "built")
    assert etcd.obtain(etcd.DEFAULT, cache) == tmp_path / "built"


def test_a_version_that_is_not_pinned_is_refused(cache: Cache) -> None:
    with pytest.raises(ObtainError, match=rf"etcd 3\.4\.1 is not pinned here; there are .*{etcd.DEFAULT}"):
        etcd.obtain("3.4.1", cache)


@pytest.mark.etcd
@pytest.mark.parametrize("version", etcd.versions())
def test_each_version_runs(version: str) -> None:
    folder = etcd.obtain(version)
    for program, arguments in (("etcd", ["--version"]), ("etcdctl", ["version"]), ("etcdutl", ["version"])):
        done = subprocess.run([folder / program, *arguments], capture_output=True, text=True, check=True)
        assert version in done.stdout
