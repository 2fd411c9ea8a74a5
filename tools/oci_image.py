"""Container images from files of this machine, as archives in the OCI layout: the same files give the same bytes.

The format is that of the OCI image specification 1.0: `image-layout.md`, `manifest.md`, `config.md`, `layer.md`.
Layers are not compressed, for what compresses them would be part of their digests.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from etcd_ops.programs.cache import machine

_OCI = "application/vnd.oci.image"
_NAME = "io.containerd.image.name"
"""The annotation from which containerd takes an image's name. An archive gives each image two: CRI finds an image
that is named by its digest only under that name, and makes no such name of its own from an archive."""


@dataclass(frozen=True)
class File:
    """A file of an image."""

    content: Path | bytes
    mode: int = 0o644

    def read(self) -> bytes:
        """What is in it."""
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    target: str


@dataclass(frozen=True)
class Folder:
    """A folder that is empty, or not as every other one."""

    mode: int = 0o755


Entries = Mapping[str, File | Link | Folder]
"""What a layer holds, by absolute path; folders that only lead there need not be named. All of it is root's."""


@dataclass(frozen=True)
class Settings:
    """What containers of an image have that say nothing else."""

    entrypoint: tuple[str, ...] = ()
    environment: Mapping[str, str] | None = None
    user: str = ""
    working_directory: str = "/"


@dataclass(frozen=True)
class Image:
    """An archive that `ctr images import` takes."""

    archive: Path
    name: str
    """With its tag."""
    reference: str
    """The same by digest: `repository@sha256:...`."""


def layer(entries: Entries) -> bytes:
    """An archive of files, links and folders, in which nothing depends on when, where and by whom it was made."""
    parents = {str(parent) for path in entries for parent in PurePosixPath(path).parents if parent.name}
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path, entry in sorted({**dict.fromkeys(parents, Folder()), **entries}.items()):
            _add(tar, path.lstrip("/"), entry)
    return output.getvalue()


def fingerprint(entries: Entries) -> bytes:
    """Tells two layers apart without making them."""
    digest = hashlib.sha256()
    for path, entry in sorted(entries.items()):
        if isinstance(entry, File):
            digest.update(repr((path, entry.mode, _digest(entry.read()))).encode())
        else:
            digest.update(repr((path, entry)).encode())
    return digest.digest()


def archive(name: str, layers: Sequence[bytes], settings: Settings) -> bytes:
    """An image, under its name and under its digest.

    Args:
        name: with its tag.
        layers: the lowest first.
        settings: of its containers.
    """
    configuration = _json(_configuration(layers, settings))
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": f"{_OCI}.manifest.v1+json",
            "config": _descriptor(f"{_OCI}.config.v1+json", configuration),
            "layers": [_descriptor(f"{_OCI}.layer.v1.tar", each) for each in layers],
        }
    )
    described = _descriptor(f"{_OCI}.manifest.v1+json", manifest)
    names = (name, f"{name.rpartition(':')[0]}@{_digest(manifest)}")
    index = {"schemaVersion": 2, "manifests": [{**described, "annotations": {_NAME: each}} for each in names]}
    blobs = {f"blobs/{_digest(blob).replace(':', '/')}": blob for blob in (configuration, manifest, *layers)}
    return _tar({"oci-layout": _json({"imageLayoutVersion": "1.0.0"}), "index.json": _json(index), **blobs})


def keep(path: Path, content: bytes) -> Image:
    """Writes an archive, whole or not at all; not where the same image is there already."""
    made = _read(path, io.BytesIO(content))
    if not path.exists() or described(path) != made:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as unfinished:
            unfinished.write(content)
            os.fchmod(unfinished.fileno(), 0o644)
        Path(unfinished.name).replace(path)
    return made


def described(path: Path) -> Image:
    """The image in an archive that `archive` made."""
    with path.open("rb") as opened:
        return _read(path, opened)


def _read(path: Path, opened: Any) -> Image:
    with tarfile.open(fileobj=opened, mode="r:") as tar:
        index = tar.extractfile("index.json")
        assert index is not None
        name, reference = (each["annotations"][_NAME] for each in json.load(index)["manifests"])
    return Image(path, name, reference)


def _configuration(layers: Sequence[bytes], settings: Settings) -> dict[str, Any]:
    system, processor = machine().split("-")
    variables = {"PATH": "/usr/local/bin:/usr/bin:/bin", **(settings.environment or {})}
    return {
        "architecture": processor,
        "os": system,
        "config": {
            "Entrypoint": list(settings.entrypoint),
            "Env": [f"{name}={value}" for name, value in sorted(variables.items())],
            "User": settings.user,
            "WorkingDir": settings.working_directory,
        },
        "rootfs": {"type": "layers", "diff_ids": [_digest(each) for each in layers]},
    }


def _tar(files: Mapping[str, bytes]) -> bytes:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path, content in files.items():
            _add(tar, path, File(content))
    return output.getvalue()


def _add(tar: tarfile.TarFile, path: str, entry: File | Link | Folder) -> None:
    added = tarfile.TarInfo(path)
    if isinstance(entry, Link):
        added.type, added.linkname, added.mode = tarfile.SYMTYPE, entry.target, 0o777
        tar.addfile(added)
    elif isinstance(entry, Folder):
        added.type, added.mode = tarfile.DIRTYPE, entry.mode
        tar.addfile(added)
    else:
        content = entry.read()
        added.size, added.mode = len(content), entry.mode
        tar.addfile(added, io.BytesIO(content))


def _descriptor(media_type: str, blob: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": _digest(blob), "size": len(blob)}


def _digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True).encode()
