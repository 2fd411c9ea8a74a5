"""What every command takes, and how it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer

ContextOption = Annotated[
    Path | None, typer.Option("--context", help="Context file of the cluster; the project's own by default.")
]
WhyOption = Annotated[str, typer.Option("--why", help="Why, for the record.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def fail(message: str, status: int = 1) -> NoReturn:
    """End with a message on standard error."""
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(status)
