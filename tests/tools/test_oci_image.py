"""Images: the same files make the same bytes, and what was asked for is in them."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tools import oci_image
from tools.oci_image import File, Folder, Link, Settings

NAME = "localhost/probe:1"
SETTINGS = Settings(("/bin/probe",), {"HOME": "/tmp"}, "65532:65532", "/work")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program"
    path.write_bytes(b"#!/bin/sh\n")
    return path


def entries(program: Path) -> dict[str, File | Link | Folder]:
    return {"/bin/probe": File(program, 0o755), "/etc/note": File(b"text"), "/bin/other": Link("probe")}


def made(program: Path) -> bytes:
    return oci_image.archive(NAME, [oci_image.layer(entries(program))], SETTINGS)


def members(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {each.name: tar.extractfile(each).read() for each in tar if each.isfile()}  # type: ignore[union-attr]


def blob(archive: bytes, descriptor: dict[str, Any]) -> bytes:
    """A blob, which has to be what its digest and size say."""
    content = members(archive)[f"blobs/{descriptor['digest'].replace(':', '/')}"]
    assert descriptor["digest"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert descriptor["size"] == len(content)
    return content


def manifest(archive: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(blob(archive, json.loads(members(archive)["index.json"])["manifests"][0]))
    return found


def test_the_same_files_make_the_same_image_whenever_and_by_whom(program: Path) -> None:
    before = made(program)
    os.utime(program, (1, 1))
    program.chmod(0o600)
    previous = os.umask(0o077)
    try:
        backwards = dict(reversed(entries(program).items()))
        assert oci_image.layer(backwards) == oci_image.layer(entries(program))
        assert oci_image.fingerprint(backwards) == oci_image.fingerprint(entries(program))
        assert made(program) == before
    finally:
        os.umask(previous)


@pytest.mark.parametrize(
    "change",
    [
        {"/etc/note": File(b"other")},
        {"/etc/note": File(b"text", 0o600)},
        {"/bin/other": Link("/bin/probe")},
        {"/bin/other": File(b"probe")},
        {"/etc/new": Folder()},
    ],
)
def test_each_difference_makes_another(program: Path, change: dict[str, File | Link | Folder]) -> None:
    one, other = entries(program), {**entries(program), **change}
    assert oci_image.layer(one) != oci_image.layer(other)
    assert oci_image.fingerprint(one) != oci_image.fingerprint(other)


def test_a_layer_has_modes_links_and_the_folders_that_lead_there(program: Path) -> None:
    layer = oci_image.layer({**entries(program), "/tmp": Folder(0o1777)})
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        found = {each.name: each for each in tar}
    assert list(found) == ["bin", "bin/other", "bin/probe", "etc", "etc/note", "tmp"]
    assert {name: each.mode for name, each in found.items() if not each.issym()} == {
        "bin": 0o755, "bin/probe": 0o755, "etc": 0o755, "etc/note": 0o644, "tmp": 0o1777,
    }  # fmt: skip
    assert found["bin/other"].issym()
    assert found["bin/other"].linkname == "probe"
    assert {(each.uid, each.gid, each.mtime) for each in found.values()} == {(0, 0, 0)}


def test_an_image_has_its_layers_in_order_and_its_settings(program: Path) -> None:
    layers = [oci_image.layer(entries(program)), oci_image.layer({"/etc/note": File(b"upper")})]
    archive = oci_image.archive(NAME, layers, SETTINGS)
    assert [blob(archive, each) for each in manifest(archive)["layers"]] == layers
    configuration = json.loads(blob(archive, manifest(archive)["config"]))
    assert configuration["config"] == {
        "Entrypoint": ["/bin/probe"],
        "Env": ["HOME=/tmp", "PATH=/usr/local/bin:/usr/bin:/bin"],
        "User": "65532:65532",
        "WorkingDir": "/work",
    }
    digests = [f"sha256:{hashlib.sha256(each).hexdigest()}" for each in layers]
    assert configuration["rootfs"] == {"type": "layers", "diff_ids": digests}


def test_an_archive_names_its_image_by_tag_and_by_digest(program: Path, tmp_path: Path) -> None:
    image = oci_image.keep(tmp_path / "probe.tar", made(program))
    index = json.loads(members(image.archive.read_bytes())["index.json"])
    names = {each["annotations"]["io.containerd.image.name"]: each["digest"] for each in index["manifests"]}
    [digest] = set(names.values())
    assert set(names) == {NAME, f"localhost/probe@{digest}"}
    content = members(made(program))[f"blobs/{digest.replace(':', '/')}"]
    assert image.reference == f"localhost/probe@sha256:{hashlib.sha256(content).hexdigest()}"
    assert image == oci_image.described(image.archive)


def test_an_archive_is_written_only_where_it_has_changed(program: Path, tmp_path: Path) -> None:
    path = tmp_path / "images" / "probe.tar"
    first = oci_image.keep(path, made(program))
    written = path.stat()
    assert oci_image.keep(path, made(program)) == first
    assert path.stat() == written
    program.write_bytes(b"other")
    assert oci_image.keep(path, made(program)).reference != first.reference
    assert path.read_bytes() == made(program)
    assert list(path.parent.iterdir()) == [path]
