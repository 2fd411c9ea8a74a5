"""The stacks `kubernetes` and `static-pods`, on Kubernetes nodes of this machine: up, and down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from etcd_ops.programs import etcd
from etcd_ops.programs.cache import Cache, locked
from etcd_ops.programs.progress import say
from tools import engine, local_stack, nodes, python_environment
from tools.stacks import STATE, CommandError, Stack, remove_state

LEVELS = {"kubernetes": "restricted", "static-pods": "privileged"}
"""By stack: the Pod Security Standard that its namespace asks of pods."""

RECORD = "found.json"
"""In a stack's folder: what was found for it."""


def up() -> None:
    """Brings the nodes and both stacks up, and shows the pods and both clusters' status."""
    python_environment.sync(Cache.of_user())
    nodes.check()
    prepared = local_stack.setup(nodes=True)
    with _alone():
        stacks = [Stack(prepared, name) for name in LEVELS]
        declared = {stack.name: _declared(stack) for stack in stacks}
        facts = nodes.up(sorted({version(settings) for settings in declared.values()}))
        for stack in stacks:
            _place(stack, declared[stack.name]["namespace"], facts)
            stack.up()
        for settings in declared.values():
            nodes.wait_for_pods(settings["namespace"])
        print(nodes.kubectl("get", "pods", "--all-namespaces", "--output=wide"))
        for stack in stacks:
            stack.show_status("--by-agents")


def down() -> None:
    """Destroys both stacks, and removes the nodes and everything on them."""
    if not any(folder.exists() for folder in (nodes.FOLDER, *(STATE / name for name in LEVELS))):
        say("nothing to take down")
        return
    python_environment.sync(Cache.of_user())
    nodes.check()
    prepared = local_stack.setup()
    with _alone():
        stacks = [stack for name in LEVELS if not _is_elsewhere(stack := Stack(prepared, name))]
        failed = [stack.name for stack in stacks if not _destroyed(stack)]
        nodes.down()
        for stack in stacks:
            _clear(stack)
        remove_state()
    if failed:
        raise CommandError(
            f"everything was removed with the nodes, but destroying {' and '.join(failed)} had failed", 1
        )


def version(settings: Mapping[str, Any]) -> str:
    """The version of etcd that a stack's configuration declares."""
    declared = settings.get("etcd") or {}
    return str(declared.get("version", etcd.DEFAULT))


def found(facts: Mapping[str, Any], namespace_uid: str) -> dict[str, Any]:
    """What stacks/__main__.py takes for what a stack's configuration leaves open.

    Args:
        facts: the nodes, as `tests.nodes.standing` describes them.
        namespace_uid: of the stack's namespace.
    """
    settings = {
        "kubeconfig": facts["kubeconfig"],
        "context": facts["context"],
        "namespace_uid": namespace_uid,
        "agent": {"image": facts["images"]["agent"]},
        "data_directory": f"{facts['folder']}/volumes",
        "run_directory": f"{facts['folder']}/runs",
    }
    return {
        "settings": settings,
        "etcd_images": facts["images"]["etcd"],
        "manifest_directories": facts["manifest_directories"],
    }


def _alone() -> AbstractContextManager[None]:
    return locked(engine.PRIVATE / "kubernetes.lock", "bringing the stacks on Kubernetes up or down")


def _declared(stack: Stack) -> dict[str, Any]:
    _make(stack)
    if _is_elsewhere(stack):
        file = f"stacks/Pulumi.{stack.name}.yaml"
        raise CommandError(f"{file} names a Kubernetes cluster: `pulumi up -s {stack.name}` is for that one", 1)
    return stack.settings()


def _is_elsewhere(stack: Stack) -> bool:
    """Whether the stack names a Kubernetes cluster that is none of ours: what is there is not ours to take down."""
    return stack.exists() and "kubeconfig" in stack.settings()


def _make(stack: Stack) -> None:
    stack.folder.mkdir(exist_ok=True, mode=0o700)
    stack.select()


def _place(stack: Stack, namespace: str, facts: Mapping[str, Any]) -> None:
    """Makes the stack's namespace, and records where it is."""
    labels = {"pod-security.kubernetes.io/enforce": LEVELS[stack.name]}
    wanted = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}}
    nodes.kubectl("apply", "--server-side", "--filename=-", content=wanted)
    record, before = found(facts, nodes.uid_of(namespace)), _record(stack)
    if before and _uid(before) != _uid(record):
        say(f"the nodes that {stack.name} was on are gone, and everything on them: beginning anew")
        stack.forget()
        _make(stack)
    (stack.folder / RECORD).write_text(json.dumps(record, indent=1) + "\n")


def _destroyed(stack: Stack) -> bool:
    """Destroys a stack; false where that fails."""
    if not _is_there(stack):
        return True
    try:
        stack.destroy()
    except CommandError as problem:
        say(f"{problem}; going on")
        return False
    return True


def _clear(stack: Stack) -> None:
    """Removes what is left of a stack whose nodes are gone. One without a record has never been on them."""
    if _record(stack):
        say(f"the nodes of {stack.name} are gone, and everything on them: its state is removed")
        stack.forget()
    else:
        stack.remove()


def _is_there(stack: Stack) -> bool:
    """Whether the nodes run that the stack is on."""
    record = _record(stack)
    return bool(record) and stack.exists() and nodes.uid_of(stack.settings()["namespace"]) == _uid(record)


def _record(stack: Stack) -> dict[str, Any]:
    path = stack.folder / RECORD
    read: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return read


def _uid(record: Mapping[str, Any]) -> str:
    return str(record["settings"]["namespace_uid"])
