"""What a workload's clients speak to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from tests.workload.requests import Answer, Request


class Refused(Exception):
    """The request certainly had no effect."""


class Uncertain(Exception):
    """The request may have had, or may yet have, its effect."""


class Store(Protocol):
    """One client's connection to a cluster, at one endpoint at a time."""

    @property
    def endpoint(self) -> str:
        """The endpoint that the next request goes to."""
        ...

    async def perform(self, request: Request) -> Answer:
        """Carry out one request.

        Raises:
            Refused: it certainly had no effect.
            Uncertain: it may have had, or may yet have, its effect.
        """
        ...

    def rotate(self) -> None:
        """Go on to the next endpoint, taking up endpoints and credentials that have changed."""
        ...

    def refresh(self) -> None:
        """Take up a changed connection file."""
        ...


class ReadableStore(Store, Protocol):
    """A store that can also be read back as a whole."""

    async def read_back(self, prefix: str) -> tuple[Sequence[Mapping[str, object]], int, str]:
        """All entries (key, value, mod_revision) under a prefix, at one revision, with it and the cluster ID.

        Raises:
            Refused: no answer.
        """
        ...
