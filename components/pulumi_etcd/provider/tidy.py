"""Folders that several resources share: the last one that leaves takes them away."""

from __future__ import annotations

import errno
from pathlib import Path

_NOT_EMPTY = (errno.ENOTEMPTY, errno.EEXIST)


def remove_if_empty(*folders: Path) -> None:
    """Remove those that are empty, in this order; what is filled, or gone, is left alone."""
    for folder in folders:
        _remove_if_empty(folder)


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return
    except OSError as problem:
        if problem.errno not in _NOT_EMPTY:
            raise
