"""One agent at a time, by a lock that lasts as long as the process that took it, whatever that became."""

from __future__ import annotations

import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from etcd_ops.pod.alone import ended

SCRIPT = """
import os, sys
from pathlib import Path
from etcd_ops.pod.alone import take_turn
take_turn(Path(sys.argv[1]))
os.execv("/bin/sh", ["sh", "-c", "echo taken; read end"])
"""


@contextmanager
def agent(run: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that waits for its turn and becomes another program, which says so."""
    command = [sys.executable, "-c", SCRIPT, str(run)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def says_taken(process: subprocess.Popen[str]) -> bool:
    assert process.stdout is not None
    return process.stdout.readline() == "taken\n"


def test_it_is_held_by_what_the_process_became(tmp_path: Path) -> None:
    assert ended(tmp_path, 0.0)
    with agent(tmp_path) as process:
        assert says_taken(process)
        assert not ended(tmp_path, 0.0)
        process.kill()
        process.wait()
        assert ended(tmp_path, 0.0)


def test_the_next_one_waits_for_its_turn(tmp_path: Path) -> None:
    with agent(tmp_path) as first:
        assert says_taken(first)
        with agent(tmp_path) as second:
            assert second.stdout is not None
            assert select.select([second.stdout], [], [], 1.0)[0] == []
            first.kill()
            assert says_taken(second)


def test_an_agent_that_ends_is_waited_for(tmp_path: Path) -> None:
    with agent(tmp_path) as process:
        assert says_taken(process)
        process.kill()
        assert ended(tmp_path, 30.0)
