"""What every runtime offers: one member's etcd process, kept by supervisord or systemd.

In pods, too, it is supervisord: the kubelet keeps a container with a supervisord, and that keeps etcd. So the agent in
another container starts and stops etcd, and another program or configuration needs no other pod. How a pod is made anew
is no runtime's affair (`etcd_ops.pod`, `etcd_ops.static_pod`).
"""

from __future__ import annotations

from typing import Protocol

from etcd_ops.model.facts import ProcessFacts

__all__ = ["ProcessFacts", "Runtime", "RuntimeUnavailable"]


class RuntimeUnavailable(Exception):
    """The runtime did not answer: the state of the process is unknown."""


class Runtime(Protocol):
    """Starts and stops one member's process through the launcher (`etcd_ops.runtime.launch`)."""

    async def process(self) -> ProcessFacts:
        """The process now.

        Raises:
            RuntimeUnavailable
        """

    async def start(self) -> None:
        """Ask for the process to run; returns once it was started, not once it is healthy. Idempotent.

        Raises:
            RuntimeUnavailable
        """

    async def stop(self, grace: float) -> None:
        """End the process: SIGTERM, then SIGKILL after `grace` seconds; returns once it is gone. Idempotent.

        Raises:
            RuntimeUnavailable: also when the process could not be proved gone.
        """
