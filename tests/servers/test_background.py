"""What runs in the background comes after everything else, and never outlives whoever started it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from etcd_ops.zone.process import look
from tests.engine.stacks import eventually
from tests.servers.background import AUTOGROUP, LOWEST

PREFIX = [sys.executable, "-m", "tests.servers.background"]
TOLD = "import os; print(os.nice(0), os.getsid(0) == os.getpid(), open('/proc/self/autogroup').read().split()[-1])"


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="this kernel does not share processors among sessions")
def test_it_has_a_session_of_its_own_that_comes_last() -> None:
    done = subprocess.run([*PREFIX, sys.executable, "-c", TOLD], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == [str(LOWEST), "True", str(LOWEST)]
    assert os.nice(0) < LOWEST


def test_it_ends_with_whoever_started_it(tmp_path: Path) -> None:
    number = tmp_path / "number"
    script = f"import os, signal; open({str(number)!r}, 'w').write(str(os.getpid())); signal.pause()"
    parent = subprocess.Popen(["/bin/sh", "-c", '"$@"; true', "sh", *PREFIX, sys.executable, "-c", script])
    try:
        eventually(lambda: number.exists() and number.read_text() != "", "it runs")
        assert look(int(number.read_text())) is not None
    finally:
        parent.kill()
        parent.wait(timeout=60)
    eventually(lambda: look(int(number.read_text())) is None, "it has ended")
