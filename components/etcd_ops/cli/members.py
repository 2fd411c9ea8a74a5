"""`etcd-ops members`: the member list, as a quorum gives it."""

from __future__ import annotations

import asyncio
import json

import typer

from etcd_ops.cli.context import ContextError, context_of
from etcd_ops.cli.looking import look
from etcd_ops.cli.options import ContextOption, JsonOption, fail


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("members")(members)


def members(context: ContextOption = None, as_json: JsonOption = False) -> None:
    """Print ID, name, role and URLs of every member; exit 1 where no quorum answers."""
    try:
        listed = asyncio.run(look(context_of(context))).cluster.members
    except ContextError as problem:
        fail(str(problem), 2)
    if listed is None:
        fail("no member answers with a quorum behind it")
    rows = [
        {
            "id": f"{each.member_id:x}",
            "name": each.name,
            "role": "learner" if each.learner else "voter",
            "peer_urls": list(each.peer_urls),
            "client_urls": list(each.client_urls),
        }
        for each in sorted(listed, key=lambda member: member.name)
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        typer.echo(f"{row['id']}  {row['name']}  {row['role']}  {' '.join(row['peer_urls'])}")
