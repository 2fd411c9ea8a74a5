"""The archive from which machines unpack the agent: this Python, its libraries, and all that etcd-ops requires.

Everything is below one folder, wherever that is, and nothing of the machine is used but its kernel and `/bin/sh`: the
programs are run by the loader that is in the archive.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import platform
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from etcd_ops.programs.cache import Cache, Key
from etcd_ops.programs.progress import ObtainError, say
from tools import ROOT, agent_image, bytecode, distributions, oci_image, python_runtime
from tools.oci_image import Entries, File

ARCHIVES = ROOT / ".tools" / "archives"
EXTRAS = ("s3",)
SERVICES = ("autoscaling", "ec2", "route53", "secretsmanager", *distributions.SERVICES)

_PREFIX = "usr/local"
_NATIVE = "lib/native"
"""Where the C library and what else programs are linked with are put."""
_PYTHON = f"""\
#!/bin/sh
root=$(dirname "$(dirname "$(readlink -f "$0")")")
for loader in "$root"/{_NATIVE}/ld-linux*; do :; done
exec "$loader" --library-path "$root/{_NATIVE}" --argv0 "$root/bin/python3" "$root/bin/{python_runtime.NAME}" "$@"
"""
_COMMAND = """\
#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/python3" -m etcd_ops "$@"
"""


@dataclass(frozen=True)
class Archive:
    """An archive on this machine."""

    path: Path
    sha256: str


def obtain(cache: Cache | None = None, folder: Path = ARCHIVES) -> Archive:
    """The archive for this machine's architecture; the same files give the same bytes.

    Args:
        cache: where archives are kept; the user's own if None.
        folder: where it is put.

    Raises:
        ObtainError: it cannot be made from this machine.
    """
    if not sys.platform.startswith("linux"):
        raise ObtainError("the agent's archive is made from this machine, which has to run Linux")
    entries = contents()
    makers = b"".join((ROOT / "tools" / maker).read_bytes() for maker in ("oci_image.py", "bytecode.py"))
    key = Key("agent-archive", platform.python_version(), oci_image.fingerprint(entries) + makers)
    made = (cache or Cache.of_user()).obtain(key, lambda into: _make(entries, into)) / "etcd-ops.tar.gz"
    content = made.read_bytes()
    path = folder / f"etcd-ops-{platform.machine()}.tar.gz"
    if not path.exists() or path.read_bytes() != content:
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_bytes(content)
        partial.replace(path)
    return Archive(path, hashlib.sha256(content).hexdigest())


def contents() -> Entries:
    """Everything, by path below the folder that it is unpacked in."""
    required = distributions.files(distributions.closure("etcd-ops", EXTRAS), SERVICES)
    found = {**python_runtime.runtime(), **required, **agent_image.code()}
    return {
        **{_moved(path): entry for path, entry in found.items() if path != python_runtime.PROGRAM},
        "/bin/python3": File(_PYTHON.encode(), 0o755),
        "/bin/etcd-ops": File(_COMMAND.encode(), 0o755),
    }


def packed(entries: Entries) -> bytes:
    """A compressed archive, in which nothing depends on when, where and by whom it was made."""
    output = io.BytesIO()
    with gzip.GzipFile(fileobj=output, mode="wb", filename="", mtime=0, compresslevel=6) as file:
        file.write(oci_image.layer(entries))
    return output.getvalue()


def _moved(path: str) -> str:
    relative = PurePosixPath(path).relative_to("/")
    if relative.is_relative_to(_PREFIX):
        return f"/{relative.relative_to(_PREFIX)}"
    if not re.search(r"\.so(\.\d+)*$", relative.name):
        raise ObtainError(f"{path} is neither Python's nor a shared library")
    return f"/{_NATIVE}/{relative.name}"


def _make(entries: Entries, into: Path) -> None:
    say("making the agent's archive for machines")
    compiled = into / "compiled"
    (into / "etcd-ops.tar.gz").write_bytes(packed({**entries, **bytecode.compiled(entries, compiled)}))
    shutil.rmtree(compiled)


def main() -> None:
    """Prints where the archive is, and its SHA-256; a path among the arguments is where it is put."""
    try:
        made = obtain()
    except ObtainError as problem:
        sys.exit(f"error: {problem}")
    path = Path(sys.argv[1]) if sys.argv[1:] else made.path
    if path != made.path:
        shutil.copyfile(made.path, path)
    print(path)
    print(made.sha256)


if __name__ == "__main__":
    main()
