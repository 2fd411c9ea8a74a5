"""Compiled modules that are never compared with their sources: what an image needs, whose files nobody changes.

Compiled by a process that does nothing else, in the same order and with the same hashes of strings: bytecode tells
which strings the process that made it knew already.
"""

from __future__ import annotations

import json
import os
import py_compile
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

from etcd_ops.programs.progress import ObtainError
from tools.oci_image import Entries, File


def compiled(entries: Entries, folder: Path) -> dict[str, File]:
    """The bytecode of the modules of a layer, by path, without those that are no Python of this version.

    Args:
        entries: the layer.
        folder: where the bytecode is put; it stays in use.
    """
    folder.mkdir()
    modules = list(_modules(entries))
    request = [[str(source), path, str(folder / str(number))] for number, (path, source) in enumerate(modules)]
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-S", "-c", "from tools import bytecode; bytecode.main()"]
    paths = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        command, input=json.dumps(request), text=True, capture_output=True, check=False, env=environment | paths
    )
    if done.returncode:
        raise ObtainError(f"modules cannot be compiled:\n{done.stderr}")
    made = {_cached(path): folder / str(number) for number, (path, _) in enumerate(modules)}
    return {path: File(result) for path, result in made.items() if result.exists()}


def main() -> None:
    """Compiles as standard input asks: triples of a source, its path in the image, and where the result goes."""
    for source, path, result in json.load(sys.stdin):
        with suppress(py_compile.PyCompileError):
            py_compile.compile(
                source, result, path, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
            )


def _modules(entries: Entries) -> Iterator[tuple[str, Path]]:
    for path, entry in sorted(entries.items()):
        if path.endswith(".py") and isinstance(entry, File) and isinstance(entry.content, Path):
            yield path, entry.content


def _cached(path: str) -> str:
    module = PurePosixPath(path)
    return str(module.parent / "__pycache__" / f"{module.stem}.{sys.implementation.cache_tag}.pyc")
