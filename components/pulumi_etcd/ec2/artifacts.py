"""Files that members fetch from the cluster's bucket: named by their content, which is looked at before all else."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from etcd_ops.model.problems import Invalid, Problem
from pulumi_etcd.trusts import Wire

DigestOf = Callable[[str], str]
"""From a path to the SHA-256 of the file; raises OSError."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file, and the SHA-256 of its content."""

    path: str
    sha256: str


def artifact(declared: Wire, where: str, digest_of: DigestOf) -> Artifact:
    """The file that the arguments name.

    Args:
        declared: the arguments' value.
        where: its path among the arguments.
        digest_of: reads a file.

    Raises:
        Invalid: with every problem.
    """
    found = Artifact(declared.get("path", ""), declared.get("sha256", ""))
    problems = []
    if not Path(found.path).is_absolute():
        problems.append(Problem(f"{where}.path", f"{found.path!r} is not absolute"))
    if not _SHA256.fullmatch(found.sha256):
        problems.append(
            Problem(f"{where}.sha256", "is not 64 lower-case hexadecimal digits", "use what sha256sum says")
        )
    if problems:
        raise Invalid(problems)
    try:
        digest = digest_of(found.path)
    except OSError as error:
        raise Invalid([Problem(f"{where}.path", f"{found.path} cannot be read: {error.strerror}")]) from error
    if digest != found.sha256:
        remedy = "fetch the file anew, or name what it really is"
        raise Invalid([Problem(f"{where}.sha256", f"the content of {found.path} has {digest}", remedy)])
    return found


def digest_of(path: str) -> str:
    """The SHA-256 of a file, hexadecimal: read once for as long as it stays the same.

    Raises:
        OSError
    """
    stat = Path(path).stat()
    return _digest_of(path, stat.st_mtime_ns, stat.st_size)


@lru_cache
def _digest_of(path: str, _mtime_ns: int, _size: int) -> str:
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
