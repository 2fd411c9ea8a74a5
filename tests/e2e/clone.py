"""A clone of what is in this one now, and the commands of its newcomer."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from typing_extensions import Self

from etcd_ops.zone.process import everyone
from tools import ROOT

SECONDS = 300.0
_OURS = ("PULUMI_", "ETCD", "MAKE", "MFLAGS")
"""Beginnings of variables of this project and of the `make` that runs its tests: a newcomer's shell has none."""


class Clone:
    """One that is used from the outside alone, by command lines."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        kept.pop("VIRTUAL_ENV", None)
        outside = [each for each in os.environ["PATH"].split(os.pathsep) if not each.startswith(str(ROOT))]
        self.environment = kept | {"PATH": os.pathsep.join(outside)}

    @classmethod
    @contextmanager
    def made(cls) -> Iterator[Self]:
        """One of the files that git knows here, or would; removed with the block. `commit` is still to be called."""
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        made = cls(Path(tempfile.mkdtemp(prefix="clone-")))
        for name in filter(None, listed.stdout.split("\0")):
            target = made.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
        try:
            yield made
        finally:
            shutil.rmtree(made.folder)

    def commit(self) -> None:
        """Commit what is there, so that `changes` tells of nothing else."""
        self.run("git init -q; git add -A; git -c user.name=n -c user.email=e@example.org commit -qm all")

    def run(self, command: str, expect: int = 0, seconds: float = SECONDS) -> str:
        """Run a command line in the clone; its output.

        Args:
            command: for bash.
            expect: its exit status.
            seconds: that it may take.
        """
        done = subprocess.run(
            ["bash", "-euc", command],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == expect, f"{command}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def edit(self, file: Path, before: str, after: str) -> None:
        """Change a text in a file."""
        path = self.folder / file
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))

    def changes(self) -> str:
        """What `git status` lists."""
        return self.run("git status --porcelain")

    def left(self) -> list[object]:
        """Processes and mounts below the clone."""
        name = str(self.folder)
        processes = [each for each in everyone() if any(name in word for word in each.command)]
        return [*processes, *(line for line in Path("/proc/self/mounts").read_text().splitlines() if name in line)]
