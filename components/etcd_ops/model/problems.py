"""What is wrong with a declaration: every problem with its property's path and a remedy, all at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing a user has to change."""

    path: str
    """The property as the user writes it, such as `members.a-1.peerUrl`; empty for the whole."""
    reason: str
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.path}: {self.reason}" if self.path else self.reason
        return f"{text}; {self.remedy}" if self.remedy else text


class Invalid(Exception):
    """A declaration that cannot be used; carries every problem that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def suggestion(name: str, known: Iterable[str]) -> str:
    """`did you mean ...?` for the known name most like `name`; empty where none is alike."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {close[0]}?" if close else ""
