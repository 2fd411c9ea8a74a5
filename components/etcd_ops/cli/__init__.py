"""The command `etcd-ops`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; nothing is loaded that the command given does not need."""
    if sys.argv[1:2] == ["agent"]:
        from etcd_ops.cli.agent import main as agent

        sys.exit(agent(sys.argv[2:]))
    if sys.argv[1:2] == ["machine"]:
        from etcd_ops.cli.machine import main as machine

        sys.exit(machine(sys.argv[2:]))
    from etcd_ops.cli.commands import application

    application(*sys.argv[1:2])()
