"""The clone's own stacks: what becomes of them where something was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from tools import ROOT, kubernetes_stacks
from tools.stacks import abandoned

ENDED = 2**22 + 1
"""More than any process's pid."""

locks = st.builds(
    lambda pid, host: json.dumps({"pid": pid, "username": "u", "hostname": host, "timestamp": "2026-01-01T00:00:00Z"}),
    st.sampled_from([os.getpid(), ENDED]),
    st.sampled_from(["here", "elsewhere"]),
)
"""As `pulumi` writes them."""


@given(st.lists(locks, max_size=3))
def test_a_stack_is_freed_only_where_nobody_can_be_at_work(held: list[str]) -> None:
    dead = [json.loads(lock)["pid"] == ENDED and json.loads(lock)["hostname"] == "here" for lock in held]
    assert abandoned(held, "here") == (dead != [] and all(dead))


def test_the_version_is_the_declared_one_or_the_default() -> None:
    assert kubernetes_stacks.version({"etcd": {"version": "3.7.2"}}) == "3.7.2"
    assert kubernetes_stacks.version({"etcd": {"quotaBackendBytes": 1}}) == kubernetes_stacks.version({})


INTERRUPTED = """
import sys
from tools.stacks import _to_its_end
try:
    _to_its_end(sys.argv[1:], {})
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
SLOW_TO_END = 'trap "sleep 1; echo ended in order; exit" INT; echo started; while :; do sleep 0.1; done'


def test_who_interrupts_waits_until_the_command_has_ended_in_order() -> None:
    command = [sys.executable, "-c", INTERRUPTED, "/bin/bash", "-c", SLOW_TO_END]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout.read() == "ended in order\ninterrupted\n"
