"""One stack with one LocalCluster, driven through the real engine."""

from __future__ import annotations

import copy
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etcd_ops.channel.port import status_name
from etcd_ops.model.status import MemberStatus
from etcd_ops.zone.paths import ZonePaths
from etcd_ops.zone.power import power_off
from pulumi_etcd.wire import to_snake
from tests.e2e.stores import DirectoryStore, Store
from tools import ROOT
from tools.engine import Engine

STACK = "e2e"
SLOTS = ("a-1", "b-1", "c-1")
"""Of a stack that declares neither size nor slots."""
PROGRAM = Path(__file__).parent / "program"
UP_SECONDS = 240.0
"""After which a `pulumi` is taken for hung."""
Arguments = dict[str, Any]


class EngineFailed(AssertionError):
    """`pulumi` ended with an error that the test did not expect."""


@dataclass(frozen=True)
class Outcome:
    """What a `pulumi` command came to."""

    status: int
    output: str


class Stack:
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
        self.directory = directory
        self.root = directory / "cluster"
        self.base: Arguments = {
            "directory": str(self.root),
            "addressing": {"network": network},
            "deadline_seconds": 120,
            **(arguments or {}),
        }
        self.arguments = copy.deepcopy(self.base)
        self.applied: Arguments | None = None
        """The arguments of the last `up` that succeeded."""
        self.store: Store = DirectoryStore(self.root / "channel")
        """What the channel lives in."""
        self._engine = engine
        self._file = directory / "arguments.json"
        (directory / "state").mkdir(parents=True)
        (directory / "Pulumi.yaml").write_text(_project(project))
        self.environment = {
            **engine.environment(directory / "state"),
            "E2E_ARGUMENTS": str(self._file),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.pulumi("stack", "init", STACK)

    @property
    def context(self) -> Path:
        """The context file for `etcd-ops`, which is the workload's connection file, too."""
        return self.root / "context.json"

    @property
    def etcd(self) -> Path:
        """The program of the default version."""
        return self._engine.etcd / "etcd"

    @property
    def connection(self) -> dict[str, Any]:
        """The connection value of the channel."""
        connection: dict[str, Any] = json.loads(self.context.read_text())["channel"]
        return connection

    @property
    def channel(self) -> dict[str, Any]:
        """The same as an argument, for another stack."""
        return {to_snake(name): value for name, value in self.connection.items()}

    def declare(self, **changes: Any) -> None:
        """Change the declaration; the next command uses it. A dictionary is merged, None removes."""
        for name, value in changes.items():
            if isinstance(value, dict) and isinstance(self.arguments.get(name), dict):
                self.arguments[name] = {**self.arguments[name], **value}
            elif value is None:
                self.arguments.pop(name, None)
            else:
                self.arguments[name] = value

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a `pulumi` command in the background, in a session of its own."""
        self._file.write_text(json.dumps({"name": "e2e", "cluster": self.arguments}))
        command = [str(self._engine.pulumi), *words, "--cwd", str(self.directory), "--non-interactive"]
        return subprocess.Popen(
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def pulumi(self, *words: str, expect: int | None = 0) -> Outcome:
        """Run a `pulumi` command to its end.

        Args:
            expect: its exit status; None for any.

        Raises:
            EngineFailed: it ended with another one.
        """
        process = self.start(*words)
        try:
            output, _ = process.communicate(timeout=UP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            raise EngineFailed(f"pulumi {' '.join(words)} hung:\n{output}") from None
        if expect is not None and process.returncode != expect:
            raise EngineFailed(f"pulumi {' '.join(words)} ended with {process.returncode}:\n{output}")
        return Outcome(process.returncode, output)

    def up(self, *words: str, fails: bool = False, **changes: Any) -> Outcome:
        """Declare `changes`, and bring the stack up."""
        self.declare(**changes)
        outcome = self.pulumi("up", "--yes", "--skip-preview", "--stack", STACK, *words, expect=None)
        if (outcome.status != 0) != fails:
            raise EngineFailed(f"pulumi up ended with {outcome.status}:\n{outcome.output}\n{self.last_words()}")
        self.applied = None if fails else copy.deepcopy(self.arguments)
        return outcome

    def preview(self, *words: str, fails: bool = False, **changes: Any) -> Outcome:
        """Declare `changes`, and preview them."""
        self.declare(**changes)
        outcome = self.pulumi("preview", "--stack", STACK, *words, expect=None)
        if (outcome.status != 0) != fails:
            raise EngineFailed(f"pulumi preview ended with {outcome.status}:\n{outcome.output}")
        return outcome

    def restore(self) -> None:
        """Back to the declaration that the stack was made with."""
        self.arguments = copy.deepcopy(self.base)

    def destroy(self) -> Outcome:
        """Take everything down."""
        return self.pulumi("destroy", "--yes", "--skip-preview", "--stack", STACK)

    def remove(self) -> None:
        """Destroy, and delete the directory; what a failed test left running is killed."""
        try:
            self.destroy()
        finally:
            for folder in (self.root / "zones").glob("*"):
                power_off(ZonePaths(self.root, folder.name))
            shutil.rmtree(self.directory)

    def ops(self, *words: str, expect: int | None = 0) -> Outcome:
        """Run `etcd-ops` on this cluster."""
        command = [str(ROOT / ".venv/bin/etcd-ops"), *words, "--context", str(self.context)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=UP_SECONDS, check=False, cwd="/")
        if expect is not None and done.returncode != expect:
            raise AssertionError(f"etcd-ops {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return Outcome(done.returncode, done.stdout + done.stderr if expect is None else done.stdout)

    def status(self) -> dict[str, Any]:
        """What `etcd-ops status --json` says now."""
        report: dict[str, Any] = json.loads(self.ops("status", "--json", expect=None).output)
        return report

    def reasons(self) -> list[str]:
        """What every declared member's agent says of it."""
        return [str(each["reason"]) for each in self.status()["members"]]

    def listed(self) -> list[dict[str, Any]]:
        """The member list, as a quorum gives it now."""
        members: list[dict[str, Any]] = json.loads(self.ops("members", "--json").output)
        return members

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

    def in_order(self, voters: int = 3) -> bool:
        """Every declared member is a healthy voter with the current document applied."""
        report = self.status()
        healthy = [each for each in report["members"] if each["healthy"] and each["role"] == "voter"]
        current = [each for each in report["members"] if each["generation"] == report["generation"]]
        running = [each for each in report["members"] if each["state"] == "RUNNING"]
        return len(healthy) == len(current) == len(running) == len(report["members"]) == voters

    def wait_in_order(self, voters: int = 3, seconds: float = 90.0) -> None:
        """Wait until everything is in order."""
        self.eventually(lambda: self.in_order(voters), f"{voters} voters in order", seconds)

    def eventually(self, condition: Callable[[], bool], what: str, seconds: float = 90.0) -> None:
        """Wait for a condition.

        Raises:
            AssertionError: it did not come true in time; with what the agents said last.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if condition():
                return
            time.sleep(0.2)
        raise AssertionError(f"{what}: not after {seconds:g} s\n{self.last_words()}")

    def last_words(self) -> str:
        """The agents' newest actions, and what is not routine in etcd's logs, for a failed test."""
        logs = [path for path in sorted(self.root.glob("zones/*/members/*.log")) if not path.name.startswith("agent-")]
        return self.ops("log", "--last", "60", expect=None).output + "".join(_alarming(path) for path in logs)

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

    def leader(self) -> str:
        """The leader's slot."""
        return str(next(each["name"] for each in self.status()["members"] if each["leader"]))

    def kill(self, pid: int, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to a process of this stack."""
        os.kill(pid, number)

    @contextmanager
    def running(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """A `pulumi` command under way; killed at the end where it still runs."""
        process = self.start(*words)
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                self.pulumi("cancel", "--yes", "--stack", STACK)


def _alarming(log: Path) -> str:
    """The newest lines of etcd's log that are worse than a warning."""
    lines = log.read_text(errors="replace").splitlines()
    bad = [line for line in lines if not line.startswith(('{"level":"info"', '{"level":"warn"'))]
    return "".join(f"{log.name}: {line[:2000]}\n" for line in bad[-24:])


def _project(name: str) -> str:
    lines = (
        f"name: {name}",
        "runtime:",
        "  name: python",
        f"  options: {{virtualenv: {ROOT / '.venv'}}}",
        f"main: {PROGRAM}",
        "plugins:",
        f"  providers: [{{name: etcd, path: {ROOT / 'plugin'}}}]",
    )
    return "".join(f"{line}\n" for line in lines)


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
