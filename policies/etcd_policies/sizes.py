"""Sizes as people read them."""

from __future__ import annotations

GIB, TIB = 1024**3, 1024**4


def gib(size: int) -> str:
    """A number of bytes in GiB."""
    return f"{size / GIB:.4g} GiB"
