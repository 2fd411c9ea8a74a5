"""Only the pinned archive is ever unpacked."""

from __future__ import annotations

import hashlib
import io
import socket
import tarfile
import time
from pathlib import Path

import pytest

from etcd_ops.programs.cache import Cache, Key
from etcd_ops.programs.progress import ObtainError
from etcd_ops.programs.releases import Release, unpack


def archive(**programs: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in programs.items():
            entry = tarfile.TarInfo(f"probe-v1-linux-amd64/{name}")
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_unpacks_the_pinned_archive(web: tuple[str, Path], tmp_path: Path) -> None:
    url, served = web
    content = archive(probe=b"program", readme=b"text")
    (served / "probe.tar.gz").write_bytes(content)
    unpack(Release(f"{url}/probe.tar.gz", sha256(content)), tmp_path)
    assert (tmp_path / "probe").read_bytes() == b"program"
    assert (tmp_path / "probe").stat().st_mode & 0o111
    assert (tmp_path / "readme").exists()


@pytest.mark.parametrize("broken", ["truncated", "replaced"])
def test_refuses_any_other_file(web: tuple[str, Path], cache: Cache, broken: str) -> None:
    url, served = web
    content = archive(probe=b"program")
    served_content = content[:-20] if broken == "truncated" else archive(probe=b"another program")
    (served / "probe.tar.gz").write_bytes(served_content)
    release = Release(f"{url}/probe.tar.gz", sha256(content))
    key = Key("probe", "1", repr(release).encode())
    with pytest.raises(ObtainError, match=f"{sha256(content)} is pinned"):
        cache.obtain(key, lambda into: unpack(release, into))
    assert cache.find(key) is None


def test_refuses_a_pinned_file_that_is_no_archive(web: tuple[str, Path], tmp_path: Path) -> None:
    url, served = web
    (served / "probe.tar.gz").write_bytes(b"no archive")
    with pytest.raises(ObtainError, match="not a readable archive"):
        unpack(Release(f"{url}/probe.tar.gz", sha256(b"no archive")), tmp_path)


def test_never_writes_outside_its_folder(web: tuple[str, Path], tmp_path: Path) -> None:
    url, served = web
    content = archive(**{"../../../outside": b"bad"})
    (served / "probe.tar.gz").write_bytes(content)
    into = tmp_path / "a" / "b"
    into.mkdir(parents=True)
    unpack(Release(f"{url}/probe.tar.gz", sha256(content)), into)
    assert [path.relative_to(into).as_posix() for path in into.rglob("*")] == ["outside"]
    assert not (tmp_path / "outside").exists()


def test_missing_file_is_told(web: tuple[str, Path], tmp_path: Path) -> None:
    url, _ = web
    with pytest.raises(ObtainError, match="404"):
        unpack(Release(f"{url}/missing.tar.gz", "00"), tmp_path)


def test_a_silent_host_is_given_up_soon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("etcd_ops.programs.releases.CONNECT_TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        with pytest.raises(ObtainError, match="timed out"):
            unpack(Release(f"http://127.0.0.1:{silent.getsockname()[1]}/x", "00"), tmp_path)
        assert time.monotonic() - started < 5
