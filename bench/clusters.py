"""Stacks that benchmarks measure: in directories and on loopback addresses of their own, and always removed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.stack import Stack
from tools.engine import Engine

NETWORK = "127.0.83"
"""Used by no test."""


@contextmanager
def folder() -> Iterator[Path]:
    """A directory with a short name, for Unix sockets' sake; deleted at the end."""
    path = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def declared(engine: Engine, **arguments: object) -> Iterator[Stack]:
    """A stack that is not up yet; destroyed at the end."""
    with folder() as directory:
        stack = Stack(engine, directory / "stack", NETWORK, arguments)
        try:
            yield stack
        finally:
            stack.destroy()
