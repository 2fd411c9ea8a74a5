"""Runs the linearizability checker, a Go program under tools/, over a history."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.workload.programs import checker_program

EXIT_UNUSABLE = 3


class UnusableHistory(Exception):
    """The history is not one."""


def judge(
    history: Path,
    *,
    timeout: float = 60.0,
    visualization: Path | None = None,
    narrow: bool = True,
    read_back: bool = True,
) -> dict[str, Any]:
    """Judge a history.

    Args:
        history: the file to judge.
        timeout: seconds after which to give up; the verdict then says `timed_out`.
        visualization: where to draw the first key that is not linearizable.
        narrow: bound writes of unknown outcome by what was observed of them, which shortens the search.
        read_back: require the final read-back.

    Raises:
        UnusableHistory: it cannot be read.
    """
    command = [
        str(checker_program()),
        f"-history={history}",
        f"-timeout={timeout}s",
        f"-narrow={str(narrow).lower()}",
        f"-read-back={str(read_back).lower()}",
    ]
    if visualization is not None:
        command.append(f"-visualization={visualization}")
    # The explanation of a bad key has a time of its own.
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout + 60, check=False)
    if done.returncode >= EXIT_UNUSABLE or done.returncode < 0:
        raise UnusableHistory(f"exit status {done.returncode}: {done.stderr.strip()}")
    verdict: dict[str, Any] = json.loads(done.stdout)
    return verdict


def explain(verdict: dict[str, Any]) -> str:
    """A verdict that is not good, for people."""
    if not verdict["problems"]:
        counts = f"{verdict['operations']} operations and {verdict['unknown']} of unknown outcome"
        return f"no verdict within the time, over {counts}"
    lines = [f"the history is wrong in {verdict['problem_count']} places:"]
    for problem in verdict["problems"]:
        lines.append(f"  {problem['check']}: {problem['message']}")
        lines += [f"      {operation}" for operation in problem.get("operations", [])]
    lines += _bad_key(verdict["bad_key"]) if verdict["bad_key"] else []
    if verdict["visualization"]:
        lines.append(f"  picture: {verdict['visualization']}")
    return "\n".join(lines)


def _bad_key(bad: dict[str, Any]) -> list[str]:
    return [
        f"  {bad['key']}: {bad['linearized']} of {bad['operations']} operations have an order,",
        f"    and leave {bad['state']};",
        "    the last of them",
        *(f"      {operation}" for operation in bad["last"] or []),
        "    what could not follow",
        *(f"      {operation}" for operation in bad["next"] or []),
    ]
