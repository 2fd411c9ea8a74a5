"""The stack `local`: up, down, and the environment in which it is worked on by hand."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable

from etcd_ops.programs import etcd
from etcd_ops.programs.cache import Cache
from etcd_ops.programs.progress import ObtainError, say
from tools import (
    ROOT,
    debian,
    engine,
    go_programs,
    machine_tree,
    nodes,
    pulumi_cli,
    python_environment,
    typescript,
    zizmor,
)
from tools.stacks import BACKEND, STATE, CommandError, Stack, remove_state

NAME = "local"
INSTEAD = "tests/kwok test Kubernetes here: real API server, controllers and scheduler, but nodes that run nothing"
"""Told wherever there are no nodes: what is left."""


def setup(
    *, everything: bool = False, nodes: bool = False, machines: bool = False, platforms: bool = False
) -> engine.Engine:
    """Obtains what is missing: the Python environment, the engine, and etcd's default version.

    Args:
        everything: also the other versions of etcd, our own programs in Go, other languages, and linters, for tests.
        nodes: also what Kubernetes nodes run.
        machines: also what machines of the VM platform boot; made by root.
        platforms: also both of these, as far as this machine can have them; what it cannot have is told.
    """
    cache = Cache.of_user()
    python_environment.sync(cache)
    prepared = engine.prepare(cache)
    if everything:
        _obtain_for_tests(cache, official=prepared.official)
    if nodes:
        _obtain_nodes(cache)
    if machines:
        machine_tree.obtain(cache)
    if platforms:
        obtain_platforms(cache)
    return prepared


def _obtain_for_tests(cache: Cache, *, official: bool) -> None:
    """What only tests need; an official engine has its own language hosts."""
    for version in etcd.versions():
        etcd.obtain(version, cache)
    for name in sorted(set(go_programs.names()) - set(go_programs.OF_NODES)):
        go_programs.obtain(name, cache)
    pulumi_cli.codegen(cache)
    if not official:
        pulumi_cli.yaml_host(cache)
    if not typescript.missing():
        typescript.obtain(cache)
    if zizmor.PUBLISHED:
        zizmor.obtain(cache)


def _obtain_nodes(cache: Cache) -> None:
    for name in ("kubernetes", *go_programs.OF_NODES):
        go_programs.obtain(name, cache)
    debian.obtain("node-programs", debian.NODE, cache)


def obtain_platforms(cache: Cache) -> None:
    """Nodes and machines, as far as this machine can have them; what it cannot have is told."""
    if os.geteuid() != 0:
        say("NO KUBERNETES NODES AND NO MACHINES HERE: they need root")
        say(INSTEAD)
        return
    if not (_obtain_loudly("Kubernetes nodes", _obtain_nodes, cache) and _run_nodes()):
        say(INSTEAD)
    _obtain_loudly("machines", machine_tree.obtain, cache)


def _obtain_loudly(what: str, obtain: Callable[[Cache], object], cache: Cache) -> bool:
    """Whether it could be had; where not, that is told."""
    try:
        obtain(cache)
    except ObtainError as problem:
        say(f"NO {what.upper()} HERE: {problem}")
        return False
    return True


def _run_nodes() -> bool:
    """Whether there can be nodes, of what was obtained; where not, that is told."""
    try:
        nodes.check()
    except CommandError as problem:
        say(f"NO KUBERNETES NODES HERE: {problem}")
        return False
    return True


def up() -> None:
    """Brings the stack up, and shows the cluster's status."""
    stack = Stack(setup(), NAME)
    stack.up()
    stack.show_status()


def down() -> None:
    """Destroys the stack and removes all its state."""
    if not STATE.exists():
        say("nothing to take down")
        return
    Stack(setup(), NAME).destroy()
    remove_state()


def image() -> None:
    """Makes the agent's image, of what the clone's environment holds."""
    python_environment.sync(Cache.of_user())
    command = [str(python_environment.FOLDER / "bin" / "python"), "-m", "tools.agent_image"]
    done = subprocess.run(command, cwd=ROOT, check=False)
    if done.returncode:
        raise CommandError("the image could not be made", done.returncode)


def exports() -> str:
    """The exports for a shell in which `pulumi`, `etcdctl`, `etcd-ops` and, where nodes are, `kubectl` work by hand."""
    prepared = setup()
    Stack(prepared, NAME)
    variables = prepared.variables(BACKEND, os.environ.get("PATH", os.defpath))
    variables = {**variables, **nodes.variables(variables["PATH"])}
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
