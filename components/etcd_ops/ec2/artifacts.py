"""Programs from the cluster's bucket, by their SHA-256."""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import urlsplit

from etcd_ops.ec2 import bootstrap, places
from etcd_ops.ec2.aws import Aws, AwsUnavailable
from etcd_ops.ec2.body import Body
from etcd_ops.ec2.machine import Machine
from etcd_ops.volume.binaries import open_here
from etcd_ops.volume.durable import replace_link

SCHEME = "s3"
_MISSING = "NoSuchKey"
"""S3 tells this of what is certainly not there, since whoever asks may list the bucket."""
_READ, _RUN, _RUN_OWN = 0o444, 0o555, 0o100


class Artifacts:
    """The artifacts of one machine's bucket; whatever comes is checked against its SHA-256."""

    def __init__(self, aws: Aws, machine: Machine, releases: Path = places.RELEASES) -> None:
        self._aws, self._machine, self._releases = aws, machine, releases

    def opened(self, source: str) -> BinaryIO:
        """A program for reading: of the bucket, or of this machine (`etcd_ops.volume.binaries.Opener`).

        Raises:
            ValueError: it is neither.
            AwsUnavailable: the bucket is away; so does reading.
            OSError: it is not there.
        """
        parts, bucket = urlsplit(source), self._machine.channel.bucket
        if parts.scheme != SCHEME:
            return open_here(source)
        if parts.netloc != bucket:
            raise ValueError(f"etcd.binary.source: {source} is not in bucket {bucket}, which this machine reads")
        return self._body(parts.path.lstrip("/"))

    def program(self, archive: str) -> Path:
        """Where the program of a release is, once it was fetched."""
        return self._releases / archive / "bin" / "etcd-ops"

    def release(self, archive: str) -> Path:
        """The program of a release, fetched where it is not here.

        Raises:
            ValueError: the archive is not what was asked for.
            OSError
        """
        try:
            return bootstrap.fetch(archive, lambda: self._body(self._machine.artifacts + archive), self._releases)
        except tarfile.TarError as problem:
            raise ValueError(f"archive {archive}: {problem}") from problem

    def keep_only(self, programs: Iterable[str]) -> None:
        """Delete the releases that none of these programs belongs to; what cannot be deleted now is tried next time.

        Args:
            programs: absolute paths.
        """
        kept = {Path(program).parent.parent for program in programs}
        for folder in self._releases.iterdir() if self._releases.is_dir() else ():
            if folder not in kept:
                shutil.rmtree(folder, ignore_errors=True)

    def _body(self, key: str) -> BinaryIO:
        account = self._machine.channel.expected_account
        owner = {"ExpectedBucketOwner": account} if account else {}
        try:
            answer = self._aws.call("s3", "get_object", Bucket=self._machine.channel.bucket, Key=key, **owner)
        except AwsUnavailable as problem:
            if problem.code == _MISSING:
                raise FileNotFoundError(f"{key}: {problem}") from problem
            raise
        return cast("BinaryIO", Body(answer["Body"], f"s3.get_object: {key}"))


def release_of(program: str, releases: Path = places.RELEASES) -> str:
    """SHA-256 of the archive that a program was unpacked from; empty where it came here by other means."""
    path = Path(program)
    return path.parts[-3] if path.parent.parent.parent == releases else ""


def own_program() -> Path:
    """The command of the release that runs this."""
    return Path(sys.prefix) / "bin" / "etcd-ops"


def open_to_all(release: Path) -> None:
    """Let every user run a release, whatever the umask of whoever unpacked it: etcd's launcher is not root.

    Idempotent; the folder itself comes last, and tells that all else is done.
    """
    if release.stat().st_mode & _RUN == _RUN:
        return
    for path in (*release.rglob("*"), release):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (_RUN if path.is_dir() or mode & _RUN_OWN else _READ))


def point_to(program: Path, link: Path = places.CURRENT) -> None:
    """Let the units run the launchers of a program's release."""
    target = os.path.relpath(program.parent.parent, link.parent)
    if not link.is_symlink() or str(link.readlink()) != target:
        replace_link(link, target)
