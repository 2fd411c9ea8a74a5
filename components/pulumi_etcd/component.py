"""What the components of every platform have in common."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.runtime.settings import SETTINGS


class ClusterComponent(pulumi.ComponentResource):
    """An etcd cluster on some platform."""

    def __init__(self, name: str, contract: Mapping[str, Any], opts: pulumi.ResourceOptions | None) -> None:
        """Register the component.

        Args:
            name: the resource's name.
            contract: what was declared: the component's inputs.
            opts: the component's options.
        """
        super().__init__(f"etcd:index:{type(self).__name__}", name, dict(contract), opts)
        _await_registrations_first()


def _await_registrations_first() -> None:
    """Let the program's end wait for its registrations, and only then for outputs.

    It waits for what has begun, which nothing has in a program that awaits nothing itself. It then waits for outputs at
    once, and looks at all that are outstanding whenever one is done: time that grows with the square of a stack
    (`wait_for_rpcs` in `pulumi/runtime/stack.py`). With one call there that ends when the others have begun, it waits
    for those, after which few outputs are outstanding.
    """
    calls = SETTINGS.rpc_manager.rpcs
    if not calls:
        calls.append(asyncio.ensure_future(asyncio.sleep(0)))
