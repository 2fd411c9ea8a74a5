"""Container images from files of this machine, as archives in the OCI layout: the same files give the same bytes.

The format is that of the OCI image specification 1.0: `image-layout.md`, `manifest.md`, `config.md`.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

_OCI = "application/vnd.oci.image"


def archive(name: str, files: Mapping[str, Path], entrypoint: str) -> bytes:
    """An archive that `ctr images import` takes.

    Args:
        name: of the image, with its tag.
        files: by their absolute path in the image; all are executable.
        entrypoint: what a container runs that says nothing else.
    """
    layer = _layer(files)
    packed = gzip.compress(layer, mtime=0)
    configuration = _json(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Entrypoint": [entrypoint], "Env": ["PATH=/usr/local/bin:/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": f"{_OCI}.manifest.v1+json",
            "config": _descriptor(f"{_OCI}.config.v1+json", configuration),
            "layers": [_descriptor(f"{_OCI}.layer.v1.tar+gzip", packed)],
        }
    )
    named = {"annotations": {"io.containerd.image.name": name}}
    index = _json({"schemaVersion": 2, "manifests": [_descriptor(f"{_OCI}.manifest.v1+json", manifest) | named]})
    blobs = {f"blobs/{_digest(blob).replace(':', '/')}": blob for blob in (configuration, manifest, packed)}
    return _tar({"oci-layout": _json({"imageLayoutVersion": "1.0.0"}), "index.json": index, **blobs})


def _layer(files: Mapping[str, Path]) -> bytes:
    folders = sorted(
        {str(parent) for path in ("/tmp/x", *files) for parent in PurePosixPath(path).parents if parent.name}
    )
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as tar:
        for folder in folders:
            entry = tarfile.TarInfo(folder.lstrip("/"))
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "/tmp" else 0o755
            tar.addfile(entry)
        for path, source in sorted(files.items()):
            _add(tar, path.lstrip("/"), source.read_bytes(), 0o755)
    return output.getvalue()


def _tar(files: Mapping[str, bytes]) -> bytes:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as tar:
        for path, content in files.items():
            _add(tar, path, content, 0o644)
    return output.getvalue()


def _add(tar: tarfile.TarFile, path: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(path)
    entry.size, entry.mode = len(content), mode
    tar.addfile(entry, io.BytesIO(content))


def _descriptor(media_type: str, blob: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": _digest(blob), "size": len(blob)}


def _digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True).encode()
