"""The runtime over systemctl, against stand-ins of systemctl and journalctl; real ones are in tests/machines."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.runtime import systemd
from etcd_ops.runtime.launch import REFUSED, STARTING
from etcd_ops.runtime.port import RuntimeUnavailable
from etcd_ops.runtime.systemd import SystemdRuntime

UNIT = "etcd-member.service"
STOPPED = {
    "LoadState": "loaded", "ActiveState": "inactive", "SubState": "dead", "Result": "success", "MainPID": "0",
    "ExecMainStatus": "0", "InvocationID": "",
}  # fmt: skip
FAILED = STOPPED | {
    "ActiveState": "failed", "SubState": "failed", "Result": "exit-code", "ExecMainStatus": "1", "InvocationID": "ab12",
}  # fmt: skip
TRYING = FAILED | {"ActiveState": "activating", "SubState": "auto-restart"}

_STAND_IN = f"""\
#!{sys.executable}
import json, os, sys
state = json.load(open(os.environ["STAND_IN"]))
with open(os.environ["STAND_IN"] + ".asked", "a") as log:
    log.write(json.dumps(sys.argv) + "\\n")
if os.path.basename(sys.argv[0]) == "journalctl":
    sys.stdout.write(state["log"])
elif sys.argv[1] == "show":
    sys.stdout.write("".join(f"{{name}}={{value}}\\n" for name, value in state["unit"].items()))
elif sys.argv[1] in state["changes"]:
    json.dump({{**state, "unit": state["changes"][sys.argv[1]]}}, open(os.environ["STAND_IN"], "w"))
sys.exit(state.get("status", 0))
"""


class StandIn:
    """A systemd that has one unit."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "state.json"
        for name in ("systemctl", "journalctl"):
            (folder / name).write_text(_STAND_IN)
            (folder / name).chmod(0o755)

    def is_in(
        self, unit: dict[str, str], log: str = "", changes: dict[str, Any] | None = None, status: int = 0
    ) -> None:
        self._file.write_text(json.dumps({"unit": unit, "log": log, "changes": changes or {}, "status": status}))

    @property
    def asked(self) -> list[str]:
        lines = Path(f"{self._file}.asked").read_text().splitlines()
        words = [json.loads(line) for line in lines]
        return [" ".join(each[1:]) for each in words if each[1] not in ("show", "--quiet")]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("STAND_IN", str(tmp_path / "state.json"))
    return StandIn(tmp_path)


@pytest.fixture
def etcd(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is called as etcd is."""
    process = subprocess.Popen(["etcd", "600"], executable="/bin/sleep")
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def runtime() -> SystemdRuntime:
    return SystemdRuntime(UNIT, timeout=30)


def running(pid: int) -> dict[str, str]:
    return STOPPED | {"ActiveState": "activating", "SubState": "start", "MainPID": str(pid), "InvocationID": "cd34"}


def test_etcd_runs_before_it_is_ready(machine: StandIn, runtime: SystemdRuntime, etcd: subprocess.Popen[bytes]) -> None:
    machine.is_in(running(etcd.pid))
    facts = asyncio.run(runtime.process())
    assert (facts.running, facts.pid, facts.failure) == (True, etcd.pid, "")


def test_a_launcher_is_not_etcd(machine: StandIn, runtime: SystemdRuntime) -> None:
    machine.is_in(running(os.getpid()))
    assert not asyncio.run(runtime.process()).running


@pytest.mark.parametrize(
    ("unit", "log", "failure"),
    [
        (STOPPED, "", ""),
        (FAILED, f"{REFUSED}no launch is staged on this volume\n", "not started: no launch is staged on this volume"),
        (TRYING, f'{STARTING} 1\n{{"level":"fatal","msg":"listen","error":"taken"}}\n', "listen: taken"),
        (FAILED, "", "exit-code: exit status 1"),
    ],
)
def test_failures_are_told_in_the_words_of_who_failed(
    machine: StandIn, runtime: SystemdRuntime, unit: dict[str, str], log: str, failure: str
) -> None:
    machine.is_in(unit, log)
    facts = asyncio.run(runtime.process())
    assert (facts.running, facts.failure) == (False, failure)


def test_a_failure_is_remembered_while_systemd_tries_again(machine: StandIn, runtime: SystemdRuntime) -> None:
    machine.is_in(TRYING, "first words\n")
    asyncio.run(runtime.process())
    machine.is_in(running(os.getpid()))
    assert asyncio.run(runtime.process()).failure == "first words"
    machine.is_in(STOPPED)
    assert asyncio.run(runtime.process()).failure == ""


def test_start_does_not_wait_for_a_quorum(
    machine: StandIn, runtime: SystemdRuntime, etcd: subprocess.Popen[bytes]
) -> None:
    machine.is_in(STOPPED, changes={"start": running(etcd.pid)})
    asyncio.run(runtime.start())
    assert machine.asked == [f"start --no-block {UNIT}"]


def test_stop_returns_once_it_is_gone(machine: StandIn, runtime: SystemdRuntime, etcd: subprocess.Popen[bytes]) -> None:
    machine.is_in(running(etcd.pid), changes={"stop": STOPPED})
    asyncio.run(runtime.stop(20))
    assert machine.asked == [f"stop --no-block {UNIT}"]


def test_what_does_not_end_is_killed(machine: StandIn, runtime: SystemdRuntime, etcd: subprocess.Popen[bytes]) -> None:
    machine.is_in(running(etcd.pid), changes={"kill": STOPPED})
    asyncio.run(runtime.stop(0))
    assert machine.asked == [f"stop --no-block {UNIT}", f"kill --signal=SIGKILL {UNIT}"]


def test_what_survives_is_not_believed_gone(
    machine: StandIn, runtime: SystemdRuntime, etcd: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(systemd, "KILL_SECONDS", 0.0)
    machine.is_in(running(etcd.pid))
    with pytest.raises(RuntimeUnavailable, match="still runs"):
        asyncio.run(runtime.stop(0))


@pytest.mark.parametrize(
    ("unit", "status", "text"),
    [
        (STOPPED | {"LoadState": "not-found"}, 0, "is not-found"),
        ({"LoadState": "loaded"}, 0, "has no ActiveState"),
        (STOPPED, 1, "exit status 1"),
    ],
)
def test_an_unknown_state_is_said_to_be_unknown(
    machine: StandIn, runtime: SystemdRuntime, unit: dict[str, str], status: int, text: str
) -> None:
    machine.is_in(unit, status=status)
    with pytest.raises(RuntimeUnavailable, match=text):
        asyncio.run(runtime.process())


def test_a_systemd_that_hangs_is_not_waited_for(machine: StandIn, tmp_path: Path) -> None:
    (tmp_path / "systemctl").write_text("#!/bin/sh\nexec sleep 60\n")
    with pytest.raises(RuntimeUnavailable, match="timed out"):
        asyncio.run(SystemdRuntime(UNIT, timeout=0.2).process())
