"""The commands people give; each is a file beside this one."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import Annotated

import typer

MODULES = {
    "status": "status", "env": "env", "gate": "gate", "members": "members", "pause": "mode", "resume": "mode",
    "observe": "mode", "break-glass": "mode", "log": "log", "approve": "approve", "preflight": "preflight",
    "review": "review", "recover": "recover", "migrate": "migrate",
}  # fmt: skip
"""The file of each command, in the order in which help names them."""


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(version("etcd-ops"))
        raise typer.Exit


def application(word: str = "") -> typer.Typer:
    """The command line.

    Args:
        word: the command that is given; where it is known, no other is loaded, which is half of what a start takes.
    """
    app = typer.Typer(
        name="etcd-ops",
        help="Inspect and steer an etcd cluster that pulumi-etcd keeps.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_show_locals=False,
    )
    app.callback()(everywhere)
    for name in [MODULES[word]] if word in MODULES else dict.fromkeys(MODULES.values()):
        import_module(f"etcd_ops.cli.{name}").register(app)
    app.command("machine")(machine)
    app.command("agent")(agent)
    return app


def everywhere(
    told: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_tell_version, help="Print etcd-ops' version.")
    ] = False,
) -> None:
    """What can be asked without a command."""


def machine() -> None:
    """Prepare an EC2 instance for its member (`etcd-ops machine prepare`); its bootstrapper does."""
    raise typer.BadParameter("prepare comes first: etcd-ops machine prepare")


def agent() -> None:
    """Keep the member on a volume (`etcd-ops agent --volume VOLUME`); platforms start it."""
    raise typer.BadParameter("--volume comes first: etcd-ops agent --volume VOLUME")
