"""What a member's data volume holds, and what an agent does with it."""

from __future__ import annotations

from typing import Protocol

from etcd_ops.model.facts import Identity, Launch, Memory, VolumeFacts
from etcd_ops.model.spec import Binary
from etcd_ops.model.status import OldEntries

__all__ = ["Identity", "Launch", "Memory", "Volume", "VolumeFacts"]


class Volume(Protocol):
    """One member's data volume. Every write is atomic and durable (fsync of file and folder) before it returns."""

    async def facts(self) -> VolumeFacts:
        """The volume as it is now; OSError where it cannot be read."""

    async def old_entries(self) -> OldEntries | None:
        """What 3.5 left in etcd's write-ahead log; None where the log cannot be understood, or not just now.

        Raises:
            OSError
        """

    async def recall(self) -> Memory:
        """The agent's memory; an empty one where there is none."""

    async def remember(self, memory: Memory) -> None:
        """Replace the agent's memory."""

    async def fetch_binary(self, binary: Binary) -> None:
        """Cache etcd's program on the volume, verified.

        Raises:
            ValueError: its hash is another one, or it does not run; the message says which.
            SourceUnavailable: its source is away, or broke off; later it may be had.
            OSError: it is not where the document says, or cannot be written.
        """

    async def stage(self, launch: Launch) -> None:
        """Set what the next start uses; the one before is kept as last known good."""

    async def restore_last_good(self) -> Launch | None:
        """Make the launch with which etcd last became healthy the next one; None where there is none."""

    async def mark_good(self) -> None:
        """The staged launch became healthy: it is the last known good one from now on."""

    async def trust_bundle(self, use: str, authorities: tuple[str, ...]) -> str:
        """Write the bundle of the delivered authorities; returns its path, which names its content.

        Raises:
            KeyError: an authority was not delivered.
        """

    async def switch_leaf(self, use: str, fingerprint: str) -> None:
        """Make etcd read this leaf from its next handshake on, certificate and key at once.

        Raises:
            KeyError: it was not delivered.
        """

    async def set_data_aside(self, label: str) -> None:
        """Move the data directory away under a name that carries `label`; nothing is deleted."""

    async def accept_marker(self, slot: str, cluster: str) -> None:
        """Mark a volume that an operator accepted as this slot's."""
