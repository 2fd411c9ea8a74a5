"""Nodes that stand until they are taken down: kept by a process of their own, which no terminal ends."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from etcd_ops.programs.progress import LINES_OF_A_FAILURE, say
from etcd_ops.zone.process import Process, alive, look, send, wait_gone
from tests.nodes.cluster import DIRECTORY, ZONES, Cluster, cluster, remove_leftovers
from tests.nodes.exclusive import Taken, owner
from tests.nodes.images import agent_image, etcd_image, pause_image
from tests.nodes.node import import_missing
from tests.servers.kubernetes import CONTEXT
from tools import ROOT, debian

FACTS, LOG = "nodes.json", "log"
_START_SECONDS = 300.0
_END_SECONDS = 120.0
_TELL_SECONDS = 15.0


class StandingError(Exception):
    """Nodes could not be brought up, or removed; the message says why."""


def up(folder: Path, versions: Sequence[str]) -> dict[str, Any]:
    """Bring nodes up, unless they stand already, and every image onto them.

    Args:
        folder: where the keeper leaves what it found, and its log.
        versions: of etcd.

    Returns:
        How they are reached, their static pods' folders, and the images by digest.

    Raises:
        StandingError: they did not come up.
        Taken: somebody else has nodes.
    """
    keeper = _keeper(folder)
    pause_image()
    agent, etcds = agent_image(), {version: etcd_image(version) for version in versions}
    _wait(folder, keeper or _start(folder))
    environment = debian.environment(debian.obtain("node-programs", debian.NODE))
    for zone in ZONES:
        import_missing(DIRECTORY / zone, environment, [agent, *etcds.values()])
    facts: dict[str, Any] = json.loads((folder / FACTS).read_text())
    images = {"agent": agent.reference, "etcd": {version: each.reference for version, each in etcds.items()}}
    return {**facts, "images": images}


def down(folder: Path) -> None:
    """Remove the nodes and everything on them; also what is left where their keeper was killed.

    Args:
        folder: the one that they were brought up with; removed as well.

    Nodes that somebody else has by now are left alone: whoever has them has removed what was there before.

    Raises:
        StandingError: the keeper does not end.
    """
    found = owner()
    if found is not None and _keeps(found, folder):
        _end(found, folder)
    if found is None or _keeps(found, folder):
        remove_leftovers()
    if folder.exists():
        shutil.rmtree(folder)


def keep(folder: Path) -> None:
    """Have nodes until SIGTERM, and remove them then."""
    signal.signal(signal.SIGTERM, _leave)
    with cluster() as running:
        written = folder / f"{FACTS}.new"
        written.write_text(json.dumps(_facts(running)))
        written.rename(folder / FACTS)
        try:
            while True:
                signal.pause()
        finally:
            (folder / FACTS).unlink()


def _leave(number: int, frame: object) -> None:
    """Once: what it begins is not to be interrupted."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(0)


def _facts(running: Cluster) -> dict[str, Any]:
    return {
        "kubeconfig": str(running.plane.kubeconfig),
        "context": CONTEXT,
        "folder": str(DIRECTORY),
        "manifest_directories": {node.name: str(node.manifests) for node in running.nodes.values()},
    }


def _command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "tests.nodes", "keep", "--folder", str(folder)]


def _keeps(process: Process, folder: Path) -> bool:
    """Whether a process keeps the nodes that were brought up with the folder."""
    return list(process.command[1:]) == _command(folder)[1:]


def _keeper(folder: Path) -> Process | None:
    found = owner()
    if found is not None and not _keeps(found, folder):
        raise Taken(found)
    return found


def _end(keeper: Process, folder: Path) -> None:
    say("removing the nodes")
    send(keeper, signal.SIGTERM)
    if wait_gone([keeper], _END_SECONDS):
        raise StandingError(f"process {keeper.pid} does not end: see {folder / LOG}")


def _start(folder: Path) -> Process:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FACTS).unlink(missing_ok=True)
    say(f"starting a Kubernetes node in each of {len(ZONES)} zones: about a minute; their log is {folder / LOG}")
    with (folder / LOG).open("wb") as log:
        started = subprocess.Popen(
            _command(folder), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    keeper = look(started.pid)
    if keeper is None:
        raise _failed(folder)
    return keeper


def _wait(folder: Path, keeper: Process) -> None:
    started = told = time.monotonic()
    while not (folder / FACTS).exists():
        now = time.monotonic()
        if not alive(keeper):
            raise _failed(folder)
        if now - started > _START_SECONDS:
            raise StandingError(f"the nodes are not ready after {_START_SECONDS:g} s: see {folder / LOG}")
        if now - told > _TELL_SECONDS:
            told = now
            print(f"    starting the nodes: {now - started:.0f} s", file=sys.stderr, flush=True)
        time.sleep(0.2)


def _failed(folder: Path) -> StandingError:
    end = (folder / LOG).read_text(errors="replace").splitlines()[-LINES_OF_A_FAILURE:]
    what = "the nodes did not come up, or were taken down meanwhile; the end of their log:"
    return StandingError("\n".join([what, *end]))
