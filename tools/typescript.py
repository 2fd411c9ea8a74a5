"""TypeScript's compiler and Pulumi's SDK for Node.js, from the npm registry, for tests of programs in TypeScript."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from etcd_ops.programs.cache import Cache, Key
from etcd_ops.programs.progress import run, say
from tools import ROOT, pulumi_cli

PACKAGES = ROOT / "tools" / "npm" / "typescript"
FILES = ("package.json", "package-lock.json")
OLDEST_NODE = 20
"""Older ones do not run the SDK."""


def missing() -> str:
    """What of Node.js is not on PATH, without which there is no TypeScript here; empty if all is there."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return "node and npm are not both on PATH"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    major = version.removeprefix("v").split(".")[0]
    if not major.isdecimal() or int(major) < OLDEST_NODE:
        return f"node {OLDEST_NODE} or newer is needed, and {version or 'another program'} is on PATH"
    return ""


def obtain(cache: Cache) -> Path:
    """The folder `node_modules`, with all that the lock file names.

    Raises:
        ObtainError: npm cannot install it.
    """
    recipe = b"\0".join((PACKAGES / name).read_bytes() for name in FILES)
    return cache.obtain(Key("typescript", pulumi_cli.VERSION, recipe), _install) / "node_modules"


def _install(into: Path) -> None:
    say("installing TypeScript and Pulumi's SDK for Node.js from the npm registry")
    for name in FILES:
        shutil.copyfile(PACKAGES / name, into / name)
    # No script of a package is run: none of them is needed.
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    run(command, "installing packages with npm", folder=into)
