"""etcd alone: the same three processes with the same certificates, started by a plain script."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from bench.limits import until
from tests.e2e.by_hand import ByHand
from tests.e2e.stack import SLOTS, Stack
from tests.workload.connection import read_connection, write_connection

READY = '"msg":"ready to serve client requests"'
"""What etcd says once it takes requests: it has joined, and its cluster has a leader."""


class Alone:
    """A copy of a stack's credentials and configuration; nothing of it runs while the stack does."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self._folder, self._program = folder, stack.etcd
        self._processes: dict[str, ByHand] = {}
        for slot in SLOTS:
            _copy_volume(stack.volume(slot), folder / slot)
        shutil.copytree(stack.root / "operator", folder / "operator")
        self._configurations = {slot: _configuration(stack, slot, folder) for slot in SLOTS}
        operator = folder / "operator"
        files = {"ca": operator / "ca.pem", "cert": operator / "cert.pem", "key": operator / "key.pem"}
        self.connection = folder / "connection.json"
        write_connection(self.connection, read_connection(stack.context).endpoints, **files)

    @contextmanager
    def started(self) -> Iterator[float]:
        """Three members without data; how many seconds until each was ready."""
        begun = time.monotonic()
        try:
            for slot in SLOTS:
                self.start(slot)
            until(lambda: all(map(self._ready, SLOTS)), "three members are ready", poll=0.002)
            yield time.monotonic() - begun
        finally:
            self._end()

    def start(self, slot: str) -> None:
        """Start one member, with the data that it has."""
        self._processes[slot] = ByHand(self._program, self._configurations[slot], self._folder / "logs" / slot)

    def kill(self, slot: str) -> None:
        """SIGKILL one member, and start it again at once, as a supervisor would."""
        os.kill(self._processes[slot].pid, signal.SIGKILL)
        self._processes[slot].end()
        self.start(slot)

    def _ready(self, slot: str) -> bool:
        return READY in (self._folder / "logs" / slot / "etcd.log").read_text()

    def _end(self) -> None:
        for process in self._processes.values():
            process.end()
        self._processes.clear()
        shutil.rmtree(self._folder / "logs", ignore_errors=True)
        for slot in SLOTS:
            shutil.rmtree(self._folder / slot / "data", ignore_errors=True)


def _copy_volume(volume: Path, copy: Path) -> None:
    for part in ("credentials", "tls"):
        shutil.copytree(volume / part, copy / part, symlinks=True)


def _configuration(stack: Stack, slot: str, folder: Path) -> dict[str, Any]:
    """What the agent had written last, with the paths of the copy and what only a first start reads."""
    written = max(stack.volume(slot).glob("member/etcd-*.yaml"), key=lambda path: path.stat().st_mtime)
    text = written.read_text().replace(str(stack.volume(slot)), str(folder / slot))
    configuration: dict[str, Any] = yaml.safe_load(text)
    peers = [f"{each}={_peer(stack, each)}" for each in SLOTS]
    first = {"initial-cluster-state": "new", "initial-cluster": ",".join(peers), "initial-cluster-token": "bench"}
    return {**configuration, **first}


def _peer(stack: Stack, slot: str) -> str:
    url: str = next(each["peer_urls"][0] for each in stack.listed() if each["name"] == slot)
    return url
