"""`etcd-ops preflight`: whether AWS has what a cluster needs, before anything is created."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from etcd_ops.cli.options import JsonOption, fail
from etcd_ops.model.problems import Invalid


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("preflight")(preflight)


def preflight(
    file: Annotated[
        Path,
        typer.Argument(
            help="A demand, `pulumi preview --json --show-sames` or `pulumi stack output --json`; - for standard input."
        ),
    ],
    endpoint_url: Annotated[str, typer.Option("--endpoint-url", help="Of an AWS other than AWS.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Ask AWS whether clusters fit: exit 1 where it would be refused, 2 where that could not be told."""
    try:
        from etcd_ops.preflight.connection import Connection, Unanswered
    except ModuleNotFoundError as missing:
        fail(f"{missing.name} is missing: install etcd-ops[s3]", 2)
    from etcd_ops.preflight.given import read as demands
    from etcd_ops.preflight.reading import read_all
    from etcd_ops.preflight.reporting import printed, reports, worst

    try:
        judged = reports(read_all(demands(_text(file)), lambda region: Connection(region, endpoint_url)))
    except Invalid as invalid:
        fail(f"{file}: {invalid}", 2)
    except Unanswered as unanswered:
        fail(f"AWS did not say whose the credentials are: {unanswered}", 2)
    if as_json:
        typer.echo(json.dumps([report.wire() for report in judged], indent=2))
    else:
        for line in printed(judged):
            typer.echo(line)
    raise typer.Exit(worst(judged))


def _text(file: Path) -> str:
    if str(file) == "-":
        return sys.stdin.read()
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as problem:
        fail(f"{file}: {problem}", 2)
