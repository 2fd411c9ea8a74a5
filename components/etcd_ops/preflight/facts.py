"""What AWS says, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

AVAILABLE = "available"


@dataclass(frozen=True, slots=True)
class InstanceType:
    """A type of instances."""

    vcpus: int
    architectures: frozenset[str]
    zones: frozenset[str]
    """Zones that offer it."""


UNKNOWN_TYPE = InstanceType(0, frozenset(), frozenset())
"""Stands for a type that there is not."""


@dataclass(frozen=True, slots=True)
class Image:
    """A machine image."""

    architecture: str
    state: str
    root_device: str
    """Empty where it names none."""


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet."""

    zone: str
    free_addresses: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How a quota stands; None where it could not be read, and then `why`."""

    granted: float | None
    used: float | None = None
    """By everything but the clusters that are judged together."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was asked for one cluster. What is missing is not there; what could not be asked is in `unread`."""

    account: str
    zones: Mapping[str, str] = field(default_factory=dict)
    """State of every zone of the region, by name."""
    instance_type: InstanceType | None = None
    image: Image | None = None
    subnets: Mapping[str, Subnet] = field(default_factory=dict)
    """By ID."""
    quotas: Mapping[str, Standing] = field(default_factory=dict)
    """By `SERVICE/CODE`."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """What could not be asked, of `zones`, `instanceType`, `image` and `subnets`, with the reason."""
