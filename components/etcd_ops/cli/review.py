"""`etcd-ops review`: what a preview would do to etcd clusters, for whoever has to agree to it."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from etcd_ops.cli.console import console
from etcd_ops.cli.options import JsonOption, fail
from etcd_ops.review import Level, Preview, Unreadable, read_preview, read_violations, review
from etcd_ops.review.markdown import markdown
from etcd_ops.review.text import shown

STATUSES = {Level.FINE: 0, Level.ATTENTION: 1, Level.REFUSE: 3}
"""Exit status by verdict; 2 stands for what cannot be read."""
STDIN = "-"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("review")(command)


def command(
    preview: Annotated[str, typer.Argument(help="What `pulumi preview --json` printed; - for standard input.")] = STDIN,
    policies: Annotated[
        Path | None, typer.Option("--policies", help="What `pulumi policy analyze --json` printed.")
    ] = None,
    comment: Annotated[
        Path | None, typer.Option("--markdown", help="Also write a pull request's comment into this file.")
    ] = None,
    only_renewals: Annotated[
        bool,
        typer.Option(
            "--only-renewals",
            help="Whatever is no renewal of a certificate, of any resource, asks for attention; warnings do not.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Tell what a preview would do to etcd clusters; exit 0 where that is fine, 1 for attention, 3 to refuse."""
    found = review(_read(preview, policies), only_renewals=only_renewals)
    if comment is not None:
        comment.write_text(markdown(found), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(found.model_dump(mode="json", exclude_none=True), indent=2))
    else:
        console().print(shown(found))
    raise typer.Exit(STATUSES[found.verdict])


def _read(preview: str, policies: Path | None) -> Preview:
    try:
        seen = read_preview(_text(preview))
    except (Unreadable, OSError, UnicodeDecodeError) as problem:
        fail(f"the preview cannot be read: {problem}", 2)
    if policies is None:
        return seen
    try:
        violations = read_violations(policies.read_text(encoding="utf-8"))
    except (Unreadable, OSError, UnicodeDecodeError) as problem:
        fail(f"the analysis of policies cannot be read: {problem}", 2)
    return replace(seen, violations=(*seen.violations, *violations), audited=True)


def _text(source: str) -> str:
    return sys.stdin.read() if source == STDIN else Path(source).read_text(encoding="utf-8")
