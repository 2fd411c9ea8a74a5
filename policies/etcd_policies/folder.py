"""The folder that the engine takes for the pack: a few small files, of which `policies/` in the repository is one set.

An installed wheel has no such folder, because a pack names its interpreter, and only the environment that the wheel is
installed in knows that one.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from etcd_policies.pack import DESCRIPTION
from etcd_policies.profiles import PROFILES

MANIFEST = "PulumiPolicy.yaml"
DISTRIBUTION = "pulumi-etcd"


def environment(prefix: Path = Path(sys.prefix)) -> str:
    """The virtual environment to write into the manifest; empty where the engine would not take it for one.

    The engine's language host looks for `bin/python` in it (sdk/python/toolchain/pip.go), and falls back to the
    `python3` of PATH where none is named.

    Args:
        prefix: of the interpreter that has this package.
    """
    return str(prefix) if (prefix / "bin" / "python").is_file() else ""


def manifest(virtualenv: str) -> str:
    """The text of PulumiPolicy.yaml.

    Args:
        virtualenv: path of the environment, absolute or relative to the folder; empty for the `python3` of PATH.
    """
    options = f"\n  options:\n    virtualenv: {json.dumps(virtualenv)}" if virtualenv else ""
    return (
        f"description: {DESCRIPTION}\n"
        f"version: {importlib.metadata.version(DISTRIBUTION)}\n"
        "license: Apache-2.0\n"
        f"runtime:\n  name: python{options}\n"
    )


def program() -> str:
    """The text of the pack's `__main__.py`."""
    return '"""Serves the policies to the engine."""\n\nfrom etcd_policies.pack import serve\n\nserve()\n'


def profiles() -> Mapping[str, str]:
    """The configurations, by file name."""
    return {f"{name}.json": json.dumps(profile(), indent=2) + "\n" for name, profile in PROFILES.items()}


def write(folder: Path, virtualenv: str, *, overwrite: bool = False) -> tuple[Path, ...]:
    """Write the pack into a folder.

    Args:
        folder: is made where it is missing.
        virtualenv: of the interpreter that the pack is to run with; see `manifest`.
        overwrite: whether to replace configurations that are there already: they may be the user's own.

    Returns:
        the configurations that were kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).write_text(manifest(virtualenv))
    (folder / "__main__.py").write_text(program())
    files = {folder / name: text for name, text in profiles().items()}
    kept = () if overwrite else tuple(file for file in files if file.exists())
    for file in files.keys() - set(kept):
        file.write_text(files[file])
    return kept
