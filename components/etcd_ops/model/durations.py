"""Durations as Go writes them, such as `1h30m`: etcd's flags and its compaction retention use them."""

from __future__ import annotations

import re
from decimal import Decimal

SECOND = 1_000_000_000
"""Nanoseconds, the unit of durations in etcd's configuration file."""

_UNITS = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


def nanoseconds(text: str) -> int | None:
    """The length of a duration such as `1h30m` or `500ms`; None where `text` is not one, or has a sign."""
    if not re.fullmatch(f"(?:{_PART.pattern})+", text):
        return None
    return int(sum(Decimal(number) * _UNITS[unit] for number, unit in _PART.findall(text)))
