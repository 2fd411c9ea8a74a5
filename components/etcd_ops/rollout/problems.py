"""What can go wrong with a change, in terms a user can act upon."""

from __future__ import annotations

from enum import Enum

from etcd_ops.model.problems import Problem
from etcd_ops.model.spec import Desired


class Refused(Exception):
    """Nothing was written, because of `problems`."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class Ended(str, Enum):
    """Why a wait ended before the change was complete."""

    FAILED = "failed"
    """A member tried the change and took it back."""
    BLOCKED = "blocked"
    """Nothing moves until an operator does something."""
    OVERTAKEN = "overtaken"
    """Another document was written meanwhile."""
    CANCELLED = "cancelled"
    DEADLINE = "deadline"


class Unfinished(Exception):
    """The document is written, but the cluster does not do it completely."""

    def __init__(self, desired: Desired, ended: Ended, reasons: tuple[str, ...]) -> None:
        head = f"generation {desired.generation} is written, but {_TEXTS[ended]}"
        super().__init__("\n  ".join((head, *reasons)))
        self.desired = desired
        self.ended = ended
        self.reasons = reasons


_TEXTS = {
    Ended.FAILED: "a member could not apply it and went back to what it ran before:",
    Ended.BLOCKED: "nothing moves until an operator acts:",
    Ended.OVERTAKEN: "it was replaced before every member had applied it:",
    Ended.CANCELLED: "the wait was cancelled; it stays written, and the next `up` goes on waiting for:",
    Ended.DEADLINE: "the deadline passed; still missing:",
}
