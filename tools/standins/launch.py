"""Starts a stand-in: `python launch.py language-host|tls|kubernetes|aws [ARGUMENT...]`."""

import importlib
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])

from tools.standins import stubs  # noqa: E402 (the clone has to be on the path first)

MODULES = {
    "language-host": "tools.standins.language_host.host",
    "tls": "tools.standins.tls.provider",
    "kubernetes": "tools.standins.kubernetes.provider",
    "aws": "tools.standins.aws.provider",
}


def main() -> None:
    """Runs the stand-in that the first argument names."""
    stubs.prepare()
    name = sys.argv.pop(1)
    importlib.import_module(MODULES[name]).main()


if __name__ == "__main__":
    main()
