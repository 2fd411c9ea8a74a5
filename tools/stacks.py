"""The clone's own stacks, `stacks/Pulumi.<stack>.yaml`, and their state on this machine."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from etcd_ops.zone.process import look
from tools import ROOT, engine, python_environment

STATE = ROOT / ".state"
"""All state of stacks on this machine."""

BACKEND = STATE / "pulumi"


class CommandError(Exception):
    """A command failed and has told the user why; carries its exit status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Stack:
    """The commands of `pulumi` on one stack."""

    def __init__(self, prepared: engine.Engine, name: str) -> None:
        """Makes the folder of the state, which `pulumi` does not make."""
        # Keys of the clusters' certificate authorities lie in the state.
        BACKEND.mkdir(parents=True, exist_ok=True, mode=0o700)
        STATE.chmod(0o700)
        self.name = name
        self.environment = prepared.environment(BACKEND)
        self._pulumi = prepared.pulumi

    @property
    def folder(self) -> Path:
        """What the stack keeps beside Pulumi's own state."""
        return STATE / self.name

    def up(self) -> None:
        """Makes the cluster what is declared."""
        self.select()
        self._release()
        self._run("up", "--yes", "--stack", self.name)

    def destroy(self) -> None:
        """Deletes everything that is in the stack, and the stack; its configuration stays."""
        if self.exists():
            self._release()
            self._run("destroy", "--yes", "--stack", self.name)
        self.remove()

    def remove(self) -> None:
        """Removes a stack that nothing is in, if there is one; its configuration stays."""
        self._remove()

    def forget(self) -> None:
        """Removes the stack, whatever is in it; its configuration stays."""
        self._remove("--force")

    def _remove(self, *options: str) -> None:
        if self.exists():
            self._release()
            self._run("stack", "rm", "--yes", "--preserve-config", *options, "--stack", self.name)
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def select(self) -> None:
        """Makes the stack where there is none."""
        self._run("stack", "select", "--create", self.name)

    def exists(self) -> bool:
        """Whether the stack has been made."""
        return any(stack["name"] == self.name for stack in self._read("stack", "ls"))

    def settings(self) -> dict[str, Any]:
        """The stack's configuration without what is secret, each under its name without the project's."""
        read = self._read("config", "--stack", self.name)
        return {name.partition(":")[2]: each.get("objectValue", each.get("value")) for name, each in read.items()}

    def show_status(self, *options: str) -> None:
        """Has `etcd-ops` show the cluster's status."""
        status = [str(python_environment.FOLDER / "bin" / "etcd-ops"), "status", *options]
        done = subprocess.run(
            [*status, "--context", str(self.folder / "context.json")], cwd=ROOT, env=self.environment, check=False
        )
        if done.returncode:
            raise CommandError(f"etcd-ops status of the stack {self.name} failed", done.returncode)

    def _run(self, *arguments: str) -> None:
        """Runs a command, its output the user's.

        Raises:
            CommandError: it failed, and has told why.
        """
        status = _to_its_end([str(self._pulumi), "--cwd", str(ROOT), *arguments], self.environment)
        if status:
            raise CommandError(f"pulumi {shlex.join(arguments)} failed", status)

    def _read(self, *arguments: str) -> Any:
        words = [str(self._pulumi), "--cwd", str(ROOT), *arguments, "--json"]
        done = subprocess.run(words, env=self.environment, check=False, stdout=subprocess.PIPE)
        if done.returncode:
            raise CommandError(f"pulumi {shlex.join(arguments)} failed", done.returncode)
        return json.loads(done.stdout)

    def _release(self) -> None:
        """Frees the stack where the `pulumi` that has locked it was killed."""
        locks = [path.read_text() for path in (BACKEND / ".pulumi" / "locks").glob(f"**/{self.name}/*.json")]
        if abandoned(locks, os.uname().nodename):
            self._run("cancel", "--yes", "--stack", self.name)


def abandoned(locks: Sequence[str], host: str) -> bool:
    """Whether a stack is locked, and only by processes of this machine that do not run any more.

    Args:
        locks: what `pulumi` wrote into each of the stack's locks.
        host: this machine's name.
    """
    held = [json.loads(lock) for lock in locks]
    return bool(held) and all(each["hostname"] == host and look(each["pid"]) is None for each in held)


def remove_state() -> None:
    """Removes what stacks leave together, once the last of them is gone, and whatever they were on."""
    stacks = any((BACKEND / ".pulumi" / "stacks").glob("**/*.json"))
    if not stacks and list(STATE.iterdir()) == [BACKEND]:
        shutil.rmtree(STATE)


def _to_its_end(command: Sequence[str], environment: dict[str, str]) -> int:
    """Runs a command; its status. Who interrupts waits until it has ended in order, or interrupts once more.

    The terminal tells it of the interruption as well; killed, `pulumi` would leave the stack locked.
    """
    interrupted = False

    def note(number: int, _frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True
        signal.signal(number, former)

    # From before the start: an exception in the midst of it would leave a process that nobody waits for.
    former = signal.signal(signal.SIGINT, note)
    try:
        status = subprocess.Popen(command, env=environment).wait()
    finally:
        signal.signal(signal.SIGINT, former)
    if interrupted:
        raise KeyboardInterrupt
    return status
