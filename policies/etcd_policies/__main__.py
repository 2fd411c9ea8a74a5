"""The command `python -m etcd_policies`, or `etcd-policies`: the pack for those who have no clone."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from etcd_policies import configuration, documentation, folder


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: of the command line; this process's own where None.

    Returns:
        its exit status.
    """
    chosen = _parser().parse_args(arguments)
    return int(chosen.run(chosen))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="etcd-policies", description="The policies for etcd clusters.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    write = commands.add_parser("write", help="write the pack into a folder, and print the folder")
    write.add_argument("folder", type=Path, help="for --policy-pack; is made where it is missing")
    virtualenv = "of the pack's interpreter, relative to the folder or absolute; this interpreter's own by default"
    write.add_argument("--virtualenv", help=virtualenv)
    write.add_argument("--overwrite", action="store_true", help="replace configurations that are there already")
    write.set_defaults(run=_write)
    check = commands.add_parser("check", help="tell what is wrong with a configuration of the pack")
    check.add_argument("file", type=Path, help="for --policy-pack-config")
    check.set_defaults(run=_check)
    rules = commands.add_parser("rules", help="print the rules, as Markdown")
    rules.add_argument("--into", type=Path, metavar="PAGE", help="write them behind the marker of a page instead")
    rules.set_defaults(run=_rules)
    return parser


def _write(chosen: argparse.Namespace) -> int:
    target: Path = chosen.folder.absolute()
    try:
        virtualenv = folder.environment() if chosen.virtualenv is None else chosen.virtualenv
        kept = folder.write(target, virtualenv, overwrite=chosen.overwrite)
    except OSError as error:
        print(f"folder: {error.strerror}: {error.filename}; name one that can be written", file=sys.stderr)
        return 1
    for path in kept:
        print(f"kept {path}", file=sys.stderr)
    print(target)
    return 0


def _check(chosen: argparse.Namespace) -> int:
    try:
        text = chosen.file.read_text()
    except OSError as error:
        print(f"file: {error.strerror}: {error.filename}", file=sys.stderr)
        return 1
    found = configuration.problems(text)
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


def _rules(chosen: argparse.Namespace) -> int:
    if chosen.into is None:
        print(documentation.rules(), end="")
        return 0
    chosen.into.write_text(documentation.with_rules(chosen.into.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
