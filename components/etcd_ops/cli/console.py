"""Where people read."""

from __future__ import annotations

from rich.console import Console

WIDTH = 200
"""Columns of text where it is not a terminal that shows it."""


def console() -> Console:
    """Standard output; wide where it is not a terminal."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)
