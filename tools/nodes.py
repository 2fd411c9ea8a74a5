"""The Kubernetes nodes of this machine, as stacks use them: brought up and removed by `python -m tests.nodes`.

They are those of the tests on nodes, which run in the clone's Python environment.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from tools import ROOT, go_programs, python_environment
from tools.stacks import STATE, CommandError

FOLDER = STATE / "nodes"
"""What whoever keeps the nodes running leaves."""

PROGRAMS = ROOT / ".tools" / "kubernetes"
"""The folder with `kubectl`."""

_API_SECONDS = 5.0
"""An API server that is there answers at once."""

_READY_SECONDS = 120.0
"""For kubelets to find what agents have found already: that members are ready."""


def check() -> None:
    """Whether there can be nodes on this machine.

    Raises:
        CommandError: there cannot, and why has been told.
    """
    _ask("check", failure="Kubernetes nodes cannot be brought up here")


def up(versions: Sequence[str]) -> dict[str, Any]:
    """Brings the nodes up, if they are not, and the images that they need onto them.

    Args:
        versions: of etcd.

    Returns:
        What there is, as `tests.nodes.standing` describes it.

    Raises:
        CommandError: they could not be brought up, and why has been told.
    """
    link = PROGRAMS / "kubectl"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(go_programs.obtain("kubernetes"))
    options = [word for version in versions for word in ("--etcd", version)]
    told = _ask("up", "--folder", str(FOLDER), *options, failure="the nodes could not be brought up")
    found: dict[str, Any] = json.loads(told)
    return found


def down() -> None:
    """Removes the nodes and everything on them, and what is left of nodes that were killed.

    Raises:
        CommandError: something could not be removed, and what has been told.
    """
    _ask("down", "--folder", str(FOLDER), failure="the nodes could not be removed")


def uid_of(namespace: str) -> str:
    """The UID of a namespace; empty where there is none, or no API server answers."""
    if not _facts():
        return ""
    options = ("--ignore-not-found", "--output=jsonpath={.metadata.uid}", f"--request-timeout={_API_SECONDS:g}s")
    command = _kubectl("get", "namespace", namespace, *options)
    return subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False).stdout


def kubectl(*words: str, content: object = None) -> str:
    """What `kubectl` prints.

    Args:
        words: its arguments.
        content: what it reads, as JSON.

    Raises:
        CommandError: it failed, and has told why.
    """
    text = None if content is None else json.dumps(content)
    done = subprocess.run(
        _kubectl(*words), env=_environment(), input=text, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise CommandError(f"kubectl {words[0]} failed", done.returncode)
    return done.stdout


def wait_for_pods(namespace: str) -> None:
    """Waits until every pod of a namespace is ready.

    Raises:
        CommandError: one is not for long.
    """
    kubectl(
        "wait", "pods", "--all", f"--namespace={namespace}", "--for=condition=Ready", f"--timeout={_READY_SECONDS:g}s"
    )


def variables(path: str) -> Mapping[str, str]:
    """With which `kubectl` works by hand, where there are nodes.

    Args:
        path: the PATH that is extended.
    """
    facts = _facts()
    if not facts:
        return {}
    return {"PATH": os.pathsep.join([str(PROGRAMS), path]), "KUBECONFIG": facts["kubeconfig"]}


def _facts() -> dict[str, Any]:
    path = FOLDER / "nodes.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def _kubectl(*words: str) -> list[str]:
    return [str(PROGRAMS / "kubectl"), *words]


def _environment() -> dict[str, str]:
    return {**os.environ, "KUBECONFIG": _facts()["kubeconfig"]}


def _ask(*words: str, failure: str) -> str:
    command = [str(python_environment.FOLDER / "bin" / "python"), "-m", "tests.nodes", *words]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise CommandError(failure, done.returncode)
    return done.stdout
