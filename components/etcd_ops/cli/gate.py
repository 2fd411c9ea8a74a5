"""`etcd-ops gate`: may I take this member down now, and why not."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer

from etcd_ops.cli.context import ContextError, context_of
from etcd_ops.cli.looking import look
from etcd_ops.cli.options import ContextOption, JsonOption, fail
from etcd_ops.cli.report import report


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("gate")(gate)


def gate(
    member: Annotated[str | None, typer.Argument(help="One member; every one when absent.")] = None,
    context: ContextOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether a member may be taken down now; exit 1 where it may not."""
    where = context_of(context)
    try:
        seen = report(where.cluster, asyncio.run(look(where)))
    except ContextError as problem:
        fail(str(problem), 2)
    chosen = [each for each in seen.members if member in (None, each.name)]
    if not chosen:
        fail(f"{member}: no such member; there are {', '.join(each.name for each in seen.members)}", 2)
    if as_json:
        typer.echo(json.dumps({each.name: each.gate.to_wire() for each in chosen}, indent=2))
    else:
        for each in chosen:
            verdict = "may be taken down" if each.gate.allowed else "must stay: " + "; ".join(each.gate.reasons)
            typer.echo(f"{each.name}: {verdict}")
    raise typer.Exit(0 if all(each.gate.allowed for each in chosen) else 1)
