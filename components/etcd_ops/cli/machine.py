"""`etcd-ops machine prepare`: prepare an EC2 instance for its member."""

from __future__ import annotations

import argparse
from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Parse the command line, and do what it says; returns the exit status."""
    parser = argparse.ArgumentParser(prog="etcd-ops machine", description="What a member's machine runs by itself.")
    actions = parser.add_subparsers(required=True)
    actions.add_parser("prepare", help="claim and mount the data volume, and start the member on it")
    parser.parse_args(arguments)
    from etcd_ops.ec2.prepare import main as prepare

    return prepare()
