"""What can be wrong with a volume."""

from __future__ import annotations


class VolumeError(Exception):
    """Something cannot be done with this volume; the message names the path and the remedy."""


class Damaged(ValueError):
    """A sealed file that is not what was written; the message says how it differs."""


class UnreadableMemory(OSError):
    """The agent's memory is there but damaged: what it held is unknown, never empty."""


class SourceUnavailable(OSError):
    """What the volume is to take in cannot be had now, and may be later; the message says why."""
