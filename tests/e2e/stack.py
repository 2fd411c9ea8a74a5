"""One stack with one LocalCluster, driven through the real engine."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

from etcd_ops.channel.port import status_name
from etcd_ops.model.status import MemberStatus
from etcd_ops.zone.paths import ZonePaths
from etcd_ops.zone.power import power_off
from pulumi_etcd.wire import to_snake
from tests.e2e.project import STACK, UP_SECONDS, Arguments, EngineFailed, Outcome, Project
from tests.e2e.stores import DirectoryStore, Store
from tools import ROOT
from tools.engine import Engine

__all__ = ["SLOTS", "STACK", "UP_SECONDS", "Arguments", "EngineFailed", "Outcome", "Stack"]

SLOTS = ("a-1", "b-1", "c-1")
"""Of a stack that declares neither size nor slots."""
PROGRAM = Path(__file__).parent / "program"


class Stack(Project):
    """A project of its own, in a directory of its own, on loopback addresses of its own.

    Args:
        engine: the prepared engine.
        directory: short, because Unix sockets' names are; deleted by `remove`.
        network: first three numbers of the zones' addresses, used by no other test.
        arguments: arguments of the LocalCluster, in camelCase or snake_case as programs write them.
        project: the Pulumi project's name, part of every URN.
    """

    def __init__(
        self,
        engine: Engine,
        directory: Path,
        network: str,
        arguments: Arguments | None = None,
        project: str = "e2e",
    ) -> None:
        self.root = directory / "cluster"
        self.store: Store = DirectoryStore(self.root / "channel")
        """What the channel lives in."""
        base: Arguments = {
            "directory": str(self.root),
            "addressing": {"network": network},
            "deadline_seconds": 300,
            **(arguments or {}),
        }
        super().__init__(engine, directory, PROGRAM, base, project)

    @property
    def etcd(self) -> Path:
        """The program of the default version."""
        return self._engine.etcd / "etcd"

    def etcdctl(self, *words: str) -> str:
        """What etcdctl prints, run with the exports of `etcd-ops env`."""
        script = f'eval "$({ROOT}/.venv/bin/etcd-ops env --context {self.context})" && exec "$0" "$@"'
        command = ["sh", "-c", script, str(self._engine.etcd / "etcdctl"), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout

    @property
    def connection(self) -> dict[str, Any]:
        """The connection value of the channel."""
        connection: dict[str, Any] = json.loads(self.context.read_text())["channel"]
        return connection

    @property
    def channel(self) -> dict[str, Any]:
        """The same as an argument, for another stack."""
        return {to_snake(name): value for name, value in self.connection.items()}

    def remove(self) -> None:
        """Destroy, and delete the directory; what a failed test left running is killed."""
        try:
            self.destroy()
        finally:
            for folder in (self.root / "zones").glob("*"):
                power_off(ZonePaths(self.root, folder.name))
            shutil.rmtree(self.directory)

    def published(self, slot: str) -> MemberStatus:
        """The status that the agent of `slot` published last."""
        return MemberStatus.decode(self.store.contents()[status_name(slot)])

    def done(self, slot: str, since: float = 0.0) -> list[tuple[float, str]]:
        """The steps that the agent of a slot carried out: when, in seconds since the epoch, and which."""
        return [(each["at"], each["step"]) for each in self.actions(slot, since) if each["event"] == "step"]

    def refusals(self, slot: str, since: float = 0.0) -> list[str]:
        """Why the agent of a slot did not take steps that it had decided on."""
        events = ("step not taken", "step failed")
        return [each["problem"] for each in self.actions(slot, since) if each["event"] in events]

    def spoken(self, slot: str, since: float = 0.0) -> list[float]:
        """When the agent of a slot logged anything, in seconds since the epoch."""
        return [each["at"] for each in self.actions(slot, since)]

    def actions(self, slot: str, since: float = 0.0) -> list[dict[str, Any]]:
        """What the agent of a slot logged, oldest first."""
        path = self.volume(slot) / "agent" / "actions.jsonl"
        actions = [json.loads(line) for line in path.read_text().splitlines()]
        return [each for each in actions if each["at"] >= since]

    def last_words(self) -> str:
        """The agents' newest actions, and what is not routine in etcd's logs, for a failed test."""
        logs = [path for path in sorted(self.root.glob("zones/*/members/*.log")) if not path.name.startswith("agent-")]
        return super().last_words() + "".join(_alarming(path) for path in logs)

    def volume(self, slot: str) -> Path:
        """The volume of a slot."""
        return self.root / "volumes" / slot

    def zone(self, slot_or_zone: str) -> ZonePaths:
        """The paths of a zone, named by itself or by a slot in it."""
        return ZonePaths(self.root, slot_or_zone.rsplit("-", 1)[0])

    def member_pid(self, slot: str) -> int:
        """Pid of etcd, as the launcher wrote it."""
        running = json.loads((self.volume(slot) / "member" / "running.json").read_text())
        return int(running["pid"])

    def member_pids(self) -> dict[str, int]:
        """Pid of every member's etcd, as the launchers wrote them."""
        return {slot: self.member_pid(slot) for slot in SLOTS}

    def agent_pid(self, slot: str) -> int:
        """Pid of the agent."""
        return _find("agent", "--volume", str(self.volume(slot)))

    def kill(self, pid: int, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to a process of this stack."""
        os.kill(pid, number)


def _alarming(log: Path) -> str:
    """The newest lines of etcd's log that are worse than a warning."""
    lines = log.read_text(errors="replace").splitlines()
    bad = [line for line in lines if not line.startswith(('{"level":"info"', '{"level":"warn"'))]
    return "".join(f"{log.name}: {line[:2000]}\n" for line in bad[-24:])


def _find(*words: str) -> int:
    """The pid of the process whose command line ends in these words."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            command = (folder / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if tuple(command[:-1][-len(words) :]) == words:
            return int(folder.name)
    raise LookupError(f"no process: {' '.join(words)}")
