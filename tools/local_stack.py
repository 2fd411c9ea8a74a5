"""The stack `local`: up, down, and the environment in which it is worked on by hand."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess

from etcd_ops.programs import etcd
from etcd_ops.programs.cache import Cache
from etcd_ops.programs.progress import say
from tools import ROOT, debian, engine, go_programs, pulumi_cli, python_environment

NAME = "local"

STATE = ROOT / ".state"
"""All state of stacks on this machine: what `down` removes."""

BACKEND = STATE / "pulumi"


def setup(*, everything: bool = False, nodes: bool = False) -> engine.Engine:
    """Obtains what is missing: the Python environment, the engine, and etcd's default version.

    Args:
        everything: also the other versions of etcd, and our own programs in Go, for tests.
        nodes: also what Kubernetes nodes run.
    """
    cache = Cache.of_user()
    python_environment.sync(cache)
    prepared = engine.prepare(cache)
    if everything:
        for version in etcd.versions():
            etcd.obtain(version, cache)
        for name in sorted(set(go_programs.names()) - set(go_programs.OF_NODES)):
            go_programs.obtain(name, cache)
        if not prepared.official:
            pulumi_cli.codegen(cache)
    if nodes:
        for name in go_programs.OF_NODES:
            go_programs.obtain(name, cache)
        debian.obtain("node-programs", debian.NODE, cache)
    return prepared


class Stack:
    """The commands of `pulumi` on the stack."""

    def __init__(self, prepared: engine.Engine) -> None:
        """Makes the folder of the state, which `pulumi` does not make."""
        # Keys of the cluster's certificate authorities lie in the state.
        BACKEND.mkdir(parents=True, exist_ok=True, mode=0o700)
        STATE.chmod(0o700)
        self._pulumi = prepared.pulumi
        self.environment = prepared.environment(BACKEND)

    def run(self, *arguments: str) -> None:
        """Runs a command, its output the user's.

        Raises:
            CommandError: it failed, and has told why.
        """
        words = [str(self._pulumi), "--cwd", str(ROOT), *arguments]
        done = subprocess.run(words, env=self.environment, check=False)
        if done.returncode:
            raise CommandError(f"pulumi {shlex.join(arguments)} failed", done.returncode)

    def exists(self) -> bool:
        """Whether the stack has been made."""
        words = [str(self._pulumi), "--cwd", str(ROOT), "stack", "ls", "--json"]
        done = subprocess.run(words, env=self.environment, check=False, stdout=subprocess.PIPE)
        if done.returncode:
            raise CommandError("pulumi stack ls failed", done.returncode)
        return any(stack["name"] == NAME for stack in json.loads(done.stdout))


class CommandError(Exception):
    """A command failed and has told the user why; carries its exit status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def up() -> None:
    """Brings the stack up, and shows the cluster's status."""
    stack = Stack(setup())
    stack.run("stack", "select", "--create", NAME)
    stack.run("up", "--yes", "--stack", NAME)
    if not (ROOT / "plugin").exists():  # nothing declares a cluster yet
        return
    status = [str(python_environment.FOLDER / "bin" / "etcd-ops"), "status"]
    done = subprocess.run(status, cwd=ROOT, env=stack.environment, check=False)
    if done.returncode:
        raise CommandError("etcd-ops status failed", done.returncode)


def down() -> None:
    """Destroys the stack and removes all its state."""
    if not STATE.exists():
        say("nothing to take down")
        return
    stack = Stack(setup())
    if stack.exists():
        stack.run("destroy", "--yes", "--stack", NAME)
        stack.run("stack", "rm", "--yes", "--preserve-config", NAME)
    shutil.rmtree(STATE)


def image() -> None:
    """Makes the agent's image, of what the clone's environment holds."""
    python_environment.sync(Cache.of_user())
    command = [str(python_environment.FOLDER / "bin" / "python"), "-m", "tools.agent_image"]
    done = subprocess.run(command, cwd=ROOT, check=False)
    if done.returncode:
        raise CommandError("the image could not be made", done.returncode)


def exports() -> str:
    """The exports for a shell in which `pulumi`, `etcdctl` and `etcd-ops` work by hand."""
    prepared = setup()
    Stack(prepared)
    variables = prepared.variables(BACKEND, os.environ.get("PATH", os.defpath))
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
