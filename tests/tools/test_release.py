"""What a release is made of: archives that say the same whenever they are made, of wheels that are in them."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from etcd_ops.programs import etcd
from etcd_ops.programs.progress import ObtainError
from tools import release


@pytest.fixture
def wheels(tmp_path: Path) -> dict[str, Path]:
    """Two files with the names of wheels."""
    found = {name: tmp_path / f"{name}-1.2.3-py3-none-any.whl" for name in ("etcd_ops", "pulumi_etcd")}
    for path in found.values():
        path.write_bytes(path.name.encode())
    return found


def test_an_archive_holds_wheels_and_installs_them(wheels: dict[str, Path]) -> None:
    with tarfile.open(fileobj=io.BytesIO(release.archive(wheels))) as tar:
        held = {each.name: tar.extractfile(each) for each in tar.getmembers()}
        texts = {name: file.read().decode() for name, file in held.items() if file is not None}
    assert {path.name for path in wheels.values()} < texts.keys()
    assert texts.keys() - {path.name for path in wheels.values()} == {
        "PulumiPlugin.yaml", "__main__.py", "requirements.txt"
    }  # fmt: skip
    named = [line.split("[")[0].removeprefix("./") for line in texts["requirements.txt"].splitlines()]
    assert named == [wheels["etcd_ops"].name, wheels["pulumi_etcd"].name]
    compile(texts["__main__.py"], "__main__.py", "exec")


def test_an_archive_is_the_same_whenever_it_is_made(wheels: dict[str, Path]) -> None:
    first = release.archive(wheels)
    for path in wheels.values():
        path.touch()
    assert release.archive(dict(reversed(wheels.items()))) == first


def test_every_platform_has_an_archive_of_the_version(
    tmp_path: Path, wheels: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "build_wheels", lambda _: wheels)
    release.release(tmp_path / "dist")
    names = {path.name for path in (tmp_path / "dist" / "plugins").iterdir()}
    assert names == {f"pulumi-resource-etcd-v1.2.3-{each}.tar.gz" for each in release.PLATFORMS}


def test_what_members_fetch_is_named_by_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "etcd").write_bytes(b"a program")
    monkeypatch.setattr(release, "machine", lambda: "linux-arm64")
    monkeypatch.setattr(release, "_agent_archive", lambda path: path.write_bytes(b"an archive"))
    monkeypatch.setattr(etcd, "obtain", lambda _: tmp_path)
    release.artifacts(tmp_path / "dist")
    names = {path.name for path in (tmp_path / "dist").iterdir()}
    programs = {f"etcd-v{version}-linux-arm64" for version in etcd.versions()}
    assert names == {"etcd-ops-linux-arm64.tar.gz"} | programs


def test_what_else_lies_there_is_not_released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "run", lambda *_, **__: (tmp_path / "other-1-py3-none-any.whl").touch())
    with pytest.raises(ObtainError, match="two wheels"):
        release.build_wheels(tmp_path)
