"""What can be wrong with a zone."""

from __future__ import annotations


class ZoneError(Exception):
    """Something cannot be done with this zone; the message names the path and the remedy."""
