"""The image that agents run in on Kubernetes, made from what is installed here: what `Dockerfile` makes with a daemon.

Only its uppermost layer, which is small, holds anything of this project.
"""

from __future__ import annotations

import platform
import shutil
import sys
from importlib.metadata import distribution
from pathlib import Path

from etcd_ops.programs.cache import Cache, Key
from etcd_ops.programs.progress import ObtainError, say
from tools import ROOT, bytecode, distributions, go_programs, oci_image, python_runtime
from tools.oci_image import Entries, File, Folder, Image, Settings

NAME = "localhost/etcd-ops:local"
ARCHIVES = ROOT / ".tools" / "images"
USER = 65532
EXTRAS = ("kubernetes", "s3")

_PACKAGE = ROOT / "components" / "etcd_ops"
_COMMAND = f"""\
#!{python_runtime.PROGRAM}
import sys

from etcd_ops.cli import main

sys.exit(main())
"""
SETTINGS = Settings(
    entrypoint=("/usr/local/bin/etcd-ops",),
    environment={"HOME": "/tmp", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},  # noqa: S108
    user=f"{USER}:{USER}",
)


def obtain(cache: Cache | None = None) -> Image:
    """The image, in an archive that is written only where it has changed.

    Args:
        cache: where its layers are kept; the user's own if None.

    Raises:
        ObtainError: it cannot be made from this machine.
    """
    if not sys.platform.startswith("linux"):
        raise ObtainError("the agent's image is made from this machine, which has to run Linux")
    return oci_image.keep(ARCHIVES / "etcd-ops.tar", oci_image.archive(NAME, layers(cache), SETTINGS))


def layers(cache: Cache | None = None) -> list[bytes]:
    """Its layers, the lowest first.

    Args:
        cache: where they are kept; the user's own if None.
    """
    kept = cache or Cache.of_user()
    return [
        _layer(kept, "python", {**python_runtime.runtime(), **_system()}),
        _layer(kept, "requirements", distributions.files(distributions.closure("etcd-ops", EXTRAS))),
        _layer(kept, "etcd-ops", package(kept)),
    ]


def package(cache: Cache) -> Entries:
    """What is of this project: the package, its command, and `install-program`."""
    return {
        **code(),
        "/usr/local/bin/etcd-ops": File(_COMMAND.encode(), 0o755),
        "/usr/local/bin/install-program": File(go_programs.obtain("install-program", cache), 0o755),
    }


def code() -> Entries:
    """The package as it is in this clone."""
    installed = distribution("etcd-ops")
    name = f"{python_runtime.PACKAGES}/etcd_ops-{installed.version}.dist-info"
    texts = {file: installed.read_text(file) or "" for file in ("METADATA", "entry_points.txt")}
    return {
        **{f"{name}/{file}": File(text.encode()) for file, text in texts.items()},
        **{
            f"{python_runtime.PACKAGES}/{path.relative_to(_PACKAGE.parent)}": File(path)
            for path in _PACKAGE.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        },
    }


def _system() -> Entries:
    return {
        "/etc/group": File(f"root:x:0:\nnonroot:x:{USER}:\n".encode()),
        "/etc/nsswitch.conf": File(b"hosts: files dns\n"),
        "/etc/passwd": File(f"root:x:0:0::/:/\nnonroot:x:{USER}:{USER}::/tmp:/\n".encode()),
        "/tmp": Folder(0o1777),  # noqa: S108
    }


def _layer(cache: Cache, name: str, entries: Entries) -> bytes:
    makers = b"".join((ROOT / "tools" / maker).read_bytes() for maker in ("oci_image.py", "bytecode.py"))
    key = Key(f"layer-{name}", platform.python_version(), oci_image.fingerprint(entries) + makers)
    return (cache.obtain(key, lambda into: _make(name, entries, into)) / "layer.tar").read_bytes()


def _make(name: str, entries: Entries, into: Path) -> None:
    say(f"making the layer {name} of the agent's image")
    compiled = into / "compiled"
    (into / "layer.tar").write_bytes(oci_image.layer({**entries, **bytecode.compiled(entries, compiled)}))
    shutil.rmtree(compiled)


def main() -> None:
    """Prints where the archive is, and the image's name by digest."""
    try:
        image = obtain()
    except ObtainError as problem:
        sys.exit(f"error: {problem}")
    print(image.archive)
    print(image.reference)


if __name__ == "__main__":
    main()
