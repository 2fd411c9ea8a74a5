"""etcd's program, cached on the volume so that an intact member starts with nothing else."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from etcd_ops.volume.durable import (
    PARTIAL,
    make_directory,
    new_directory,
    partial_name,
    permissions,
    rename,
    sync_directory,
)
from etcd_ops.volume.layout import VolumeLayout

Opener = Callable[[str], BinaryIO]
"""Opens the source of a program for reading; raises SourceUnavailable, as reading does, where it is away for now, and
OSError or ValueError where it cannot be had."""
TRIAL_SECONDS = 20.0
"""How long a new program may take to tell its version."""
_CHUNK_BYTES = 1 << 20


def cached(volume: Path) -> frozenset[str]:
    """SHA-256 of the cached programs."""
    folder = VolumeLayout(volume).binaries
    if not folder.is_dir():
        return frozenset()
    return frozenset(
        entry.name for entry in folder.iterdir() if not entry.name.endswith(PARTIAL) and (entry / "etcd").is_file()
    )


def open_here(source: str) -> BinaryIO:
    """Open a program on this machine.

    Raises:
        ValueError: `source` is not an absolute path.
        OSError
    """
    _require_absolute(source)
    return Path(source).open("rb")


def cache_binary(volume: Path, source: str, sha256: str, opener: Opener = open_here) -> None:
    """Copy a program onto the volume, verified; one that is there and intact is kept.

    Args:
        volume: its directory.
        source: where the program is, as `opener` knows it.
        sha256: its hash, 64 hexadecimal digits.
        opener: of the source; it is not asked where the program is there already.

    Raises:
        ValueError: its hash is another one, or it does not run.
        SourceUnavailable: its source is away, or broke off.
        OSError: it could not be read or written.
    """
    _cache(VolumeLayout(volume), source, sha256, sha256, opener)


def cache_program_of_image(volume: Path, source: str, image: str) -> None:
    """Copy the program of a container image onto the volume; one that is there and the same is kept.

    That the program is the image's is vouched for by whoever put it at `source`: a container of that very image,
    which the kubelet pulls by its digest.

    Args:
        volume: its directory.
        source: absolute path of the program.
        image: digest of the image, 64 hexadecimal digits: names the program from here on.

    Raises:
        ValueError: it does not run.
        OSError: it could not be read or written.
    """
    _require_absolute(source)
    _cache(VolumeLayout(volume), source, _hash(Path(source)), image, open_here)


def _require_absolute(source: str) -> None:
    if not Path(source).is_absolute():
        raise ValueError(f"etcd.binary.source: {source} is not an absolute path of a file on this machine")


def _cache(layout: VolumeLayout, source: str, sha256: str, name: str, opener: Opener) -> None:
    """Copy a program of this hash under a name."""
    if layout.binary(name).is_file() and _hash(layout.binary(name)) == sha256:
        return
    make_directory(layout.binaries)
    _remove_partials(layout.binaries)
    folder = partial_name(layout.binaries / name)
    new_directory(folder)
    try:
        with opener(source) as reader:
            _copy(reader, source, folder / "etcd", sha256)
        _try(folder / "etcd", source)
        sync_directory(folder)
        _replace(folder, layout.binaries / name)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(reader: BinaryIO, source: str, target: Path, sha256: str) -> None:
    found = hashlib.sha256()
    with target.open("wb") as writer:
        while chunk := reader.read(_CHUNK_BYTES):
            found.update(chunk)
            writer.write(chunk)
        writer.flush()
        os.fsync(writer.fileno())
    if found.hexdigest() != sha256:
        raise ValueError(f"the program {source} has SHA-256 {found.hexdigest()}, not {sha256} as declared")
    target.chmod(permissions(target, 0o500))


def _try(program: Path, source: str) -> None:
    try:
        answer = subprocess.run(
            [str(program), "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TRIAL_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise ValueError(f"the program {source} does not run on this machine: {problem}") from problem
    if answer.returncode != 0:
        detail = answer.stderr.decode(errors="replace").strip()[-300:]
        raise ValueError(f"the program {source} does not run: exit status {answer.returncode} {detail}")


def _replace(folder: Path, target: Path) -> None:
    if target.exists():
        shutil.rmtree(target)
    rename(folder, target)


def _remove_partials(folder: Path) -> None:
    for entry in folder.glob(f".*{PARTIAL}"):
        shutil.rmtree(entry, ignore_errors=True)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        found = hashlib.sha256()
        while chunk := file.read(_CHUNK_BYTES):
            found.update(chunk)
        return found.hexdigest()
