"""`etcd-ops env`: shell exports for etcdctl."""

from __future__ import annotations

import shlex

import typer

from etcd_ops.cli.context import context_of
from etcd_ops.cli.options import ContextOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("env")(env)


def env(context: ContextOption = None) -> None:
    """Print exports with which etcdctl reaches the cluster: eval "$(etcd-ops env)"."""
    where = context_of(context)
    values = {
        "ETCDCTL_ENDPOINTS": ",".join(where.endpoints),
        "ETCDCTL_CACERT": str(where.ca),
        "ETCDCTL_CERT": str(where.cert),
        "ETCDCTL_KEY": str(where.key),
    }
    for name, value in values.items():
        typer.echo(f"export {name}={shlex.quote(value)}")
