"""All keys of one etcd in another, as when a cluster is moved."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from etcd_ops.programs import etcd
from tests.runtime.member import eventually


@dataclass(frozen=True, slots=True)
class Credentials:
    """Paths of a client's files: the authority that it believes, its certificate and its key."""

    ca: str
    cert: str
    key: str

    def options(self, prefix: str = "--") -> list[str]:
        """For etcdctl."""
        return [f"{prefix}cacert={self.ca}", f"{prefix}cert={self.cert}", f"{prefix}key={self.key}"]


def copy_keys(inside: Callable[..., list[str]], source: str, destination: str, credentials: Credentials) -> None:
    """Copy every key, while nobody writes.

    Args:
        inside: a command in the network from which both can be reached.
        source: URL of an etcd that asks for no credentials.
        destination: URL of one that does.
        credentials: for the latter.
    """
    program = str(Path(etcd.obtain(etcd.DEFAULT), "etcdctl"))
    wanted = _count(inside(program, f"--endpoints={source}"))
    count = inside(program, f"--endpoints={destination}", *credentials.options())
    copy = inside(program, f"--endpoints={source}", "make-mirror", *credentials.options("--dest-"), destination)
    with subprocess.Popen(copy, stdout=subprocess.DEVNULL) as mirror:
        try:
            eventually(lambda: _count(count) == wanted > 0, within=60.0)
        finally:
            mirror.kill()


def _count(etcdctl: Sequence[str]) -> int:
    """Keys; of the formats that etcdctl has, only `fields` tells how many there are."""
    command = [*etcdctl, "get", "", "--from-key", "--count-only", "--write-out=fields"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    return next(int(line.rpartition(":")[2]) for line in told.splitlines() if line.startswith('"Count"'))
