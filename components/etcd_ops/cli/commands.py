"""The commands people give; each is a file beside this one."""

from __future__ import annotations

import typer

from etcd_ops.cli import approve, env, gate, log, members, migrate, mode, preflight, recover, review, status

app = typer.Typer(
    name="etcd-ops",
    help="Inspect and steer an etcd cluster that pulumi-etcd keeps.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
for module in (status, env, gate, members, mode, log, approve, preflight, review):
    module.register(app)
app.add_typer(recover.app, name="recover")
app.add_typer(migrate.app, name="migrate")


@app.command("machine")
def machine() -> None:
    """Prepare an EC2 instance for its member (`etcd-ops machine prepare`); its bootstrapper does."""
    raise typer.BadParameter("prepare comes first: etcd-ops machine prepare")


@app.command("agent")
def agent() -> None:
    """Keep the member on a volume (`etcd-ops agent --volume VOLUME`); platforms start it."""
    raise typer.BadParameter("--volume comes first: etcd-ops agent --volume VOLUME")
