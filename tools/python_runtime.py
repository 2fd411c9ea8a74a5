"""This interpreter as files of an image: the program, its standard library, and the shared libraries they need."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

from etcd_ops.programs.progress import ObtainError
from tools.oci_image import Entries, File, Link

NAME = f"python{sys.version_info.major}.{sys.version_info.minor}"
LIBRARY = f"/usr/local/lib/{NAME}"
"""Of the standard library, in the image."""
PACKAGES = f"{LIBRARY}/{'dist' if 'deb_system' in sysconfig.get_scheme_names() else 'site'}-packages"
"""Debian's Python looks for them elsewhere than all others (https://wiki.debian.org/Python)."""
PROGRAM = "/usr/local/bin/python3"

_LEFT_OUT = re.compile(
    r"(test|idlelib|tkinter|turtledemo|lib2to3|ensurepip|venv|distutils|pydoc_data|(dist|site)-packages|config-.*)/"
    r"|(.*/)?(__pycache__|tests?)/|turtle\.py$"
    r"|lib-dynload/(_tkinter|_curses|_curses_panel|readline|nis|ossaudiodev|_dbm|_gdbm|_test.*|_ctypes_test|xx.*)\."
)
"""What no agent runs: tests, graphics, terminals, and what installs packages."""


def runtime() -> Entries:
    """All of it; a copy in other places than here, which is why no path of this machine is in what it reads."""
    root = Path(sys.base_prefix)
    program = (root / "bin" / NAME).resolve()
    library = root / "lib" / NAME
    files = {f"{LIBRARY}/{path}": library / path for path in _standard_library(library)}
    native = [program, *(path for path in files.values() if path.suffix == ".so")]
    return {
        f"/usr/local/bin/{NAME}": File(program, 0o755),
        PROGRAM: Link(NAME),
        **{path: File(source) for path, source in files.items()},
        **shared_libraries(native),
    }


def shared_libraries(programs: Iterable[Path]) -> Entries:
    """What the dynamic loader adds to programs and extension modules; all beside the C library, but the loader.

    The loader looks there without being told to, wherever this machine has them.

    Raises:
        ObtainError: a library is missing here.
    """
    words = [str(path) for path in programs]
    done = subprocess.run(["ldd", *words], capture_output=True, text=True, check=False)
    if missing := re.findall(r"^\s*(\S+) => not found", done.stdout, re.MULTILINE):
        raise ObtainError(f"shared libraries are missing: {', '.join(sorted(set(missing)))}")
    found = {name: Path(path) for name, path in re.findall(r"^\s*(\S+) => (/\S+) \(", done.stdout, re.MULTILINE)}
    folder = found["libc.so.6"].parent
    loaders = {path: File(Path(path), 0o755) for path in re.findall(r"^\s*(/\S+) \(", done.stdout, re.MULTILINE)}
    bundled = Path(sys.prefix)
    return loaders | {
        f"{folder}/{name}": File(path, 0o755) for name, path in found.items() if not path.is_relative_to(bundled)
    }


def _standard_library(library: Path) -> Iterator[str]:
    for path in library.rglob("*"):
        relative = path.relative_to(library).as_posix()
        if path.is_file() and not _LEFT_OUT.match(relative):
            yield relative
