"""What the clients ask for: a pure generator over what has been seen so far."""

from __future__ import annotations

import dataclasses
import random
from typing import Literal

from tests.workload.options import Options

Operation = Literal["get", "put", "delete", "cas", "append"]

WEIGHTS: dict[Operation, float] = {"get": 0.35, "put": 0.35, "cas": 0.2, "delete": 0.1}


@dataclasses.dataclass(frozen=True)
class Version:
    """What a present key holds."""

    value: str
    mod_revision: int


@dataclasses.dataclass(frozen=True)
class Expectation:
    """The comparison of a compare-and-swap: by value where it is given, else by modification revision."""

    revision: int = 0
    value: str | None = None


@dataclasses.dataclass(frozen=True)
class Request:
    operation: Operation
    key: str
    value: str = ""
    expect: Expectation | None = None


@dataclasses.dataclass(frozen=True)
class Answer:
    """What etcd said.

    Attributes:
        revision: of the response's header.
        cluster: the header's cluster ID, hexadecimal.
        member: the header's member ID, hexadecimal.
        blind: the answer does not tell what the key held.
        observed: what the key held just before, None for absent.
        swapped: whether a compare-and-swap took effect.
    """

    revision: int
    cluster: str
    member: str
    blind: bool = False
    observed: Version | None = None
    swapped: bool = False


def register_prefix(run: str) -> str:
    return f"/workload/{run}/register/"


def append_prefix(run: str) -> str:
    return f"/workload/{run}/append/"


class Requests:
    """Draws requests, writing no value and no append-only key twice."""

    def __init__(self, options: Options, run: str) -> None:
        self._random = random.Random(options.seed)
        self._append_share = options.append_share
        self._run = run
        self._written = 0
        self._seen: dict[str, Version | None] = {}
        self.registers = [f"{register_prefix(run)}{number}" for number in range(options.keys)]

    def draw(self) -> Request:
        if self._random.random() < self._append_share:
            value = self._fresh_value()
            return Request("append", append_prefix(self._run) + value, value)
        (operation,) = self._random.choices(list(WEIGHTS), list(WEIGHTS.values()))
        key = self._random.choice(self.registers)
        if operation in {"get", "delete"}:
            return Request(operation, key)
        expect = self._expectation(key) if operation == "cas" else None
        return Request(operation, key, self._fresh_value(), expect)

    def learn(self, request: Request, answer: Answer) -> None:
        """Remember what a key holds, for later comparisons."""
        if request.operation == "append":
            return
        wrote = request.operation == "put" or answer.swapped
        if wrote:
            self._seen[request.key] = Version(request.value, answer.revision)
        else:
            self._seen[request.key] = None if request.operation == "delete" else answer.observed

    def _fresh_value(self) -> str:
        self._written += 1
        return f"{self._run}-{self._written:07}"

    def _expectation(self, key: str) -> Expectation:
        seen = self._seen.get(key)
        if seen is None:
            return Expectation(revision=0)
        if self._random.random() < 0.5:
            return Expectation(value=seen.value)
        return Expectation(revision=seen.mod_revision)
