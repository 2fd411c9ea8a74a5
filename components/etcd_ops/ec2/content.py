"""What is on a device, and whether a file system may be made there. Pure."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from etcd_ops.ec2.places import LABEL
from etcd_ops.model.records import FormationRecord

_NAMESPACE = uuid.UUID("8f4a7d0c-6f3e-4f58-9c39-5d0f1f7f2b61")
"""Of the file systems that are made here; drawn once."""


@dataclass(frozen=True, slots=True)
class Content:
    """A device as it was looked at."""

    kind: str
    """Of the file system, partition table or else, as blkid calls it; empty where there is nothing that it knows."""
    label: str = ""
    uuid: str = ""
    signatures: tuple[str, ...] = ()
    """Everything that wipefs finds."""
    zero: bool = False
    """The first and the last MiB hold nothing but zeros."""

    @property
    def blank(self) -> bool:
        """Nothing was ever written there, as far as can be told without reading all of it."""
        return not self.kind and not self.signatures and self.zero


def filesystem_id(volume: str) -> str:
    """UUID of the file system that is made on a volume: a copy of another volume carries another one."""
    return str(uuid.uuid5(_NAMESPACE, volume))


def obstacle(content: Content, volume: str) -> str:
    """Why a device is neither formatted nor mounted; empty where one of the two may be.

    Args:
        content: of the device.
        volume: ID of the volume.
    """
    if content.blank:
        return ""
    if not content.kind:
        found = ", ".join(content.signatures) or "bytes that no file system begins with"
        return f"{volume} is not blank: it holds {found}; wipe it, or give the slot another volume"
    if (content.kind, content.label) != ("ext4", LABEL):
        label = f" with label {content.label}" if content.label else ""
        return (
            f"{volume} holds {content.kind}{label}, which was not made here: wipe it, or give the slot another volume"
        )
    if content.uuid != filesystem_id(volume):
        return (
            f"{volume} holds the file system of another volume: older data than was voted for must not come back; "
            "give the slot an empty volume, and it is caught up by the others"
        )
    return ""


def vouched(formation: FormationRecord | None, slot: str, volume: str) -> bool:
    """Whether the platform vouches that an empty volume is the right one to begin with.

    A slot that was never started may begin on any volume that carries its tags. One that was may begin again only on
    another volume than it was started on, which somebody has made for it since; the very volume that once held its
    data, empty now, is for an operator to accept.

    Args:
        formation: the channel's record; None where there is certainly none.
        slot: whose the volume is.
        volume: its ID.
    """
    return formation is None or formation.volume_of(slot) != volume
