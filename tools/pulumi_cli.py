"""The `pulumi` command at the pinned version, and whether it is the official one with its own language hosts."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from etcd_ops.programs import golang
from etcd_ops.programs.cache import Cache, Key, machine
from etcd_ops.programs.progress import ObtainError, say
from etcd_ops.programs.releases import Release, unpack
from tools import ROOT

VERSION = "3.259.0"
"""The same as the SDK's in the dependency group `dev`."""

MODULE = ROOT / "tools" / "go" / "pulumi"

LANGUAGE_HOST = "pulumi-language-python"

STANDINS_MARKER = "STAND-INS"
"""A file in each folder where a `pulumi` was put together with stand-ins: never taken for the official one."""

CLI = golang.Binary(
    "pulumi",
    "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    (
        "-tags",
        "osusergo",
        "-ldflags",
        f"-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{VERSION}",
    ),
)

CODEGEN = golang.Binary("codegen", "./codegen")

YAML_VERSION = "1.25.0"
"""The newest release of pulumi-yaml that is published as a Go module."""

YAML_HOST = golang.Recipe(
    "pulumi-yaml",
    YAML_VERSION,
    ROOT / "tools" / "go" / "pulumi-yaml",
    (golang.Binary("pulumi-language-yaml", "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml"),),
    "two to three minutes",
)

RELEASES: Mapping[str, Release] = {}
"""Official archives by machine (`linux-amd64`).

Empty: the SHA-256 of these archives was not to be had when the version was pinned. Each release of pulumi publishes
them in a file of checksums; an entry made from it is used before the Go module is built.
"""


@dataclass(frozen=True)
class Pulumi:
    """A folder that holds the command."""

    folder: Path
    official: bool
    """Whether the language hosts of the same release are beside it, and plugins can be expected to be had."""


def obtain(cache: Cache) -> Pulumi:
    """The command: official if on PATH or downloadable, else built from its Go module.

    Raises:
        ObtainError: no source could provide it.
    """
    on_path = _official_on_path()
    if on_path:
        return Pulumi(on_path, official=True)
    release = RELEASES.get(machine())
    if release is not None:
        try:
            key = Key("pulumi-release", VERSION, repr(release).encode())
            return Pulumi(cache.obtain(key, lambda into: unpack(release, into)), official=True)
        except ObtainError as problem:
            say(str(problem))
    recipe = golang.Recipe("pulumi", VERSION, MODULE, (CLI,), "three to five minutes")
    return Pulumi(golang.obtain(cache, recipe), official=False)


def codegen(cache: Cache) -> Path:
    """The program that writes SDKs: Python's for the language host's stand-in, and Node.js's for tests."""
    recipe = golang.Recipe("pulumi-codegen", VERSION, MODULE, (CODEGEN,), "two minutes")
    return golang.obtain(cache, recipe) / CODEGEN.name


def yaml_host(cache: Cache) -> Path:
    """The folder with the language host that runs programs in YAML, which official releases have beside `pulumi`.

    Raises:
        ObtainError: it could not be built.
    """
    return golang.obtain(cache, YAML_HOST)


def _official_on_path() -> Path | None:
    folders = [Path(folder) for folder in os.get_exec_path() if folder]
    usable = [folder for folder in folders if not (folder / STANDINS_MARKER).exists()]
    found = shutil.which("pulumi", path=os.pathsep.join(map(str, usable)))
    if found is None:
        return None
    folder = Path(found).resolve().parent
    complete = (folder / LANGUAGE_HOST).exists() and not (folder / STANDINS_MARKER).exists()
    return folder if complete and _version(found) == f"v{VERSION}" else None


def _version(command: str) -> str:
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    done = subprocess.run([command, "version"], capture_output=True, text=True, env=environment, check=False)
    return done.stdout.strip()
