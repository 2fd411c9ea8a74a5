"""`etcd-ops agent --volume VOLUME`: keep the member on a volume."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from etcd_ops.agent.main import run


def main(arguments: Sequence[str]) -> int:
    """Parse the command line and run until told to end; returns the exit status."""
    parser = argparse.ArgumentParser(prog="etcd-ops agent", description="Keep the member on a volume.")
    parser.add_argument("--volume", type=Path, required=True, help="the member's data volume")
    return run(parser.parse_args(arguments).volume)
