"""Nodes for `make up-kubernetes`, which calls this: `python -m tests.nodes check | up | down`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from etcd_ops.programs.progress import ObtainError
from tests.nodes import standing
from tests.nodes.cluster import missing
from tests.nodes.exclusive import Taken


def arguments() -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.nodes", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="tell whether there can be nodes on this machine")
    for name, about in {
        "up": "bring nodes up that stand until they are taken down, and print what there is",
        "down": "remove them, and what is left of nodes that were killed",
        "keep": "have nodes until SIGTERM; `up` starts this",
    }.items():
        command = commands.add_parser(name, help=about)
        command.add_argument("--folder", type=Path, required=True, help="where the nodes' keeper leaves facts and log")
        if name == "up":
            command.add_argument(
                "--etcd", action="append", default=[], help="a version whose image is brought onto them"
            )
    return parser.parse_args()


def main() -> None:
    """Does one of them; exits with its status."""
    try:
        run(arguments())
    except (ObtainError, Taken, standing.StandingError) as problem:
        sys.exit(f"error: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)


def run(chosen: argparse.Namespace) -> None:
    """Does what is asked for."""
    if chosen.command == "check":
        if why := missing():
            sys.exit(f"error: {why}")
    elif chosen.command == "up":
        print(json.dumps(standing.up(chosen.folder, chosen.etcd)))
    elif chosen.command == "down":
        standing.down(chosen.folder)
    else:
        standing.keep(chosen.folder)


if __name__ == "__main__":
    main()
