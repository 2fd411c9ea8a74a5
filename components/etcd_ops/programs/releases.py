"""Official release archives, each pinned by its SHA-256."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from etcd_ops.programs.progress import ObtainError, say

CONNECT_TIMEOUT = 5.0
"""Seconds: a host that cannot be reached must not hold up the next source."""


@dataclass(frozen=True)
class Release:
    """One official archive (tar, compressed in any way that tarfile knows)."""

    url: str
    sha256: str


def unpack(release: Release, into: Path) -> None:
    """Downloads an archive, refuses it unless its hash is the pinned one, and unpacks its programs.

    Args:
        release: the archive.
        into: the folder that gets the archive's regular files, without the archive's folders.

    Raises:
        ObtainError: the archive cannot be downloaded, is not the pinned one, or is no archive.
    """
    say(f"downloading {release.url}")
    with tempfile.TemporaryFile() as archive:
        _download(release, archive)
        archive.seek(0)
        try:
            _extract(archive, into)
        except tarfile.TarError as problem:
            raise ObtainError(f"{release.url} is not a readable archive: {problem}") from problem


def _download(release: Release, archive: IO[bytes]) -> None:
    digest = hashlib.sha256()
    try:
        with urllib.request.urlopen(release.url, timeout=CONNECT_TIMEOUT) as response:  # noqa: S310 (pinned)
            while block := response.read(1 << 20):
                digest.update(block)
                archive.write(block)
    except (OSError, ValueError) as problem:
        raise ObtainError(f"{release.url} cannot be downloaded: {problem}") from problem
    if digest.hexdigest() != release.sha256:
        raise ObtainError(
            f"{release.url} has the SHA-256 {digest.hexdigest()}, but {release.sha256} is pinned: "
            "the download is broken or not the official one, and is not used"
        )


def _extract(archive: IO[bytes], into: Path) -> None:
    with tarfile.open(fileobj=archive) as tar:
        for member in tar:
            source = tar.extractfile(member) if member.isfile() else None
            if source is None:
                continue
            target = into / PurePosixPath(member.name).name
            with source, target.open("wb") as file:
                shutil.copyfileobj(source, file)
            target.chmod(0o755 if member.mode & 0o100 else 0o644)
