"""Other releases of the agent, made from its archive: the same archive gives the same bytes. Pure."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager

from tools import agent_archive
from tools.oci_image import File

_METADATA = re.compile(r"etcd_ops-[^/]+\.dist-info/METADATA$")
_VERSION = re.compile(rb"^Version: .*$", re.MULTILINE)
_ENDS = b"#!/bin/sh\necho 'this release does not start' >&2\nexit 1\n"


def renumbered(archive: bytes, number: str) -> bytes:
    """The archive of a release that does the same under another version.

    Args:
        archive: of a release.
        number: the other version.

    Raises:
        ValueError: the archive does not say of which version it is.
    """
    output, told = io.BytesIO(), 0
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as before, _written(output) as after:
        for entry in before:
            content = before.extractfile(entry)
            if content is not None and _METADATA.search(entry.name):
                changed, found = _VERSION.subn(f"Version: {number}".encode(), content.read())
                told += found
                entry.size, content = len(changed), io.BytesIO(changed)
            after.addfile(entry, content)
    if told != 1:
        raise ValueError(f"the archive says {told} times of which version it is")
    return output.getvalue()


def broken() -> bytes:
    """The archive of a release whose agent ends at once, before it says anything."""
    return agent_archive.packed({"/bin/etcd-ops": File(_ENDS, 0o755)})


@contextmanager
def _written(output: io.BytesIO) -> Iterator[tarfile.TarFile]:
    with (
        gzip.GzipFile(fileobj=output, mode="wb", filename="", mtime=0, compresslevel=1) as file,
        tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as tar,
    ):
        yield tar
