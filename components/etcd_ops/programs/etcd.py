"""The etcd programs (etcd, etcdctl, etcdutl) of the pinned versions."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from etcd_ops.programs import golang
from etcd_ops.programs.cache import Cache, Key, machine
from etcd_ops.programs.progress import ObtainError, say
from etcd_ops.programs.releases import Release, unpack

RECIPES = Path(__file__).with_name("recipes")

DEFAULT = "3.6.15"
"""The version for those who name none."""

PROGRAMS = ("etcd", "etcdctl", "etcdutl")

BINARIES = (
    golang.Binary("etcd", "go.etcd.io/etcd/server/v3"),
    golang.Binary("etcdctl", "go.etcd.io/etcd/etcdctl/v3"),
    golang.Binary("etcdutl", "go.etcd.io/etcd/etcdutl/v3"),
)

RELEASES: Mapping[str, Mapping[str, Release]] = {}
"""Official archives by version and machine (`linux-amd64`).

Empty: the SHA-256 of these archives was not to be had when the versions were pinned. Each release of etcd
publishes them in its file SHA256SUMS; an entry made from it is used before the Go module is built.
"""


def versions() -> list[str]:
    """The pinned versions, oldest first."""
    names = [folder.name.removeprefix("etcd-") for folder in RECIPES.iterdir() if folder.name.startswith("etcd-")]
    return sorted(names, key=golang.numbers)


def obtain(version: str, cache: Cache | None = None) -> Path:
    """The folder that holds etcd, etcdctl and etcdutl of one version.

    Args:
        version: one of `versions()`, such as "3.6.15".
        cache: where programs are kept; the user's own if None.

    Raises:
        ObtainError: the version is not pinned, or no source could provide it.
    """
    if version not in versions():
        raise ObtainError(f"etcd {version} is not pinned here; there are {', '.join(versions())}")
    return on_path(version) or _cached(version, cache or Cache.of_user())


def on_path(version: str) -> Path | None:
    """The folder on PATH that holds the three programs, if its etcd is of this version."""
    found = shutil.which("etcd")
    if found is None:
        return None
    folder = Path(found).parent
    complete = all((folder / program).exists() for program in PROGRAMS)
    return folder if complete and _version(found) == version else None


def _version(etcd: str) -> str | None:
    done = subprocess.run([etcd, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"etcd Version: (\S+)", done.stdout)
    return found[1] if found else None


def _cached(version: str, cache: Cache) -> Path:
    recipe = golang.Recipe("etcd", version, RECIPES / f"etcd-{version}", BINARIES, "about a minute")
    release = RELEASES.get(version, {}).get(machine())
    if release is not None:
        try:
            key = Key("etcd", version, repr(release).encode())
            return cache.find(recipe.key) or cache.obtain(key, lambda into: unpack(release, into))
        except ObtainError as problem:
            say(str(problem))
    return golang.obtain(cache, recipe)
