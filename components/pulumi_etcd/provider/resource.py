"""What each custom resource implements, on plain values; the servicer speaks the protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from etcd_ops.model.problems import Problem
from pulumi_etcd.provider.values import Path, Properties

Say = Callable[[str], Awaitable[None]]


class Failed(Exception):
    """The user is told why; the resource stays what it was."""

    def __init__(self, *problems: Problem | str) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))


class NotReady(Exception):
    """The resource exists, but is not in order: recorded, and tried again by every later `up`."""

    def __init__(
        self, identity: str, outputs: Properties, reasons: tuple[str, ...], inputs: Properties | None = None
    ) -> None:
        """Report it.

        Args:
            identity: the resource's ID.
            outputs: what is recorded as its state.
            reasons: what is not in order.
            inputs: what is recorded as its inputs; None for those of the call.
        """
        super().__init__("\n".join(reasons))
        self.identity = identity
        self.outputs = outputs
        self.reasons = reasons
        self.inputs = inputs


@dataclass(frozen=True, slots=True)
class Call:
    """One call: what it is about, and its circumstances."""

    urn: str
    info: Say
    """Says a line under the resource."""
    warn: Say
    id: str = ""
    """Empty before the resource is created."""
    inputs: Properties = field(default_factory=dict)
    """What is declared now; for Read, what was declared last (empty on import)."""
    old: Properties = field(default_factory=dict)
    """What was declared last, for Check and Diff; empty for a new resource."""
    state: Properties = field(default_factory=dict)
    """Outputs of the last success; empty for a new resource and on import."""
    secrets: frozenset[Path] = frozenset()
    """Paths of secret properties."""
    preview: bool = False
    timeout: float = 0.0
    """Seconds, from the resource option `customTimeouts`; 0 where it has none."""
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the user wants everything to end."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Inputs with defaults filled in, and every problem with them."""

    inputs: Properties
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Live:
    """A resource as it really is: stable facts only, so that a healthy one never differs from its state."""

    id: str
    inputs: Properties
    outputs: Properties


class CustomResource(Protocol):
    """One type of resource. Every method may raise `Failed`, and those that write may raise `NotReady`."""

    replaces: ClassVar[frozenset[str]]
    """Inputs that cannot be changed in place."""

    async def check(self, call: Call) -> Checked:
        """Judge the inputs; in a preview too."""

    async def drift(self, call: Call) -> Mapping[str, str]:
        """By output: why an `up` has to act though no input changed."""

    async def create(self, call: Call) -> tuple[str, Properties]:
        """Create it; its ID and outputs. In a preview nothing is done, and what is not known is `UNKNOWN`."""

    async def read(self, call: Call) -> Live | None:
        """It as it is now; None when it does not exist."""

    async def update(self, call: Call) -> Properties:
        """Change it in place; its outputs."""

    async def delete(self, call: Call) -> None:
        """Delete it. Idempotent."""
