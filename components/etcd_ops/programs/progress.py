"""Tells the user, on standard error, what is being obtained: standard output is left to results."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

REPORT_EVERY = 15.0
"""Seconds between two signs of life where standard error is not a terminal."""

LINES_OF_A_FAILURE = 30


class ObtainError(Exception):
    """A program could not be obtained; the message says what was tried and what the user can do."""


def say(message: str) -> None:
    """Prints one line of progress."""
    print(f"==> {message}", file=sys.stderr, flush=True)


def run(
    command: Sequence[str | Path],
    doing: str,
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Runs a command quietly, with signs of life, and shows its output only when it fails.

    Args:
        command: the program and its arguments.
        doing: what the user is told meanwhile, such as "building etcd 3.6.15".
        folder: where the command runs; here if None.
        environment: the command's whole environment; this process's own if None.

    Raises:
        ObtainError: the command could not be started, or failed; carries the end of its output.
    """
    words = [str(word) for word in command]
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                words,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        except OSError as problem:
            raise ObtainError(f"{doing}: {words[0]} cannot be started: {problem}") from problem
        try:
            _wait(process, doing)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode:
            raise ObtainError(f"{doing}: exit status {process.returncode} of {' '.join(words)}\n{_end(output)}")


def _wait(process: subprocess.Popen[bytes], doing: str) -> None:
    started = time.monotonic()
    terminal = sys.stderr.isatty()
    every = 1.0 if terminal else REPORT_EVERY
    while True:
        try:
            process.wait(timeout=every)
        except subprocess.TimeoutExpired:
            text = f"    {doing}: {time.monotonic() - started:.0f} s"
            print(f"\r{text}" if terminal else text, end="" if terminal else "\n", file=sys.stderr, flush=True)
            continue
        if terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        return


def _end(output: IO[bytes]) -> str:
    output.seek(0)
    lines = output.read().decode(errors="replace").splitlines()
    return "\n".join(lines[-LINES_OF_A_FAILURE:])
