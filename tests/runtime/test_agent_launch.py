"""The agent's launcher under a real supervisord, with releases that work, crash, or never publish."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from etcd_ops.runtime import agent_launch, agent_state
from etcd_ops.runtime.agent_state import FailedRelease
from etcd_ops.runtime.agent_trial import ATTEMPTS
from etcd_ops.zone.configuration import MemberProgram
from etcd_ops.zone.identity import find_supervisor
from etcd_ops.zone.members import add_member, restart_agent
from etcd_ops.zone.paths import ZonePaths
from etcd_ops.zone.process import alive, family, look, send, wait_gone
from etcd_ops.zone.supervisor import inspect_zone
from tests.runtime.member import eventually

AGENTS = str(Path(__file__).with_name("agents.py"))


def command(behaviour: str) -> list[str]:
    return [sys.executable, AGENTS, behaviour]


@pytest.fixture
def volume(zone: ZonePaths, tmp_path: Path) -> Path:
    """Of a member whose first release of the agent runs."""
    path = tmp_path / "volumes" / "m0"
    path.mkdir(parents=True)
    agent_state.initialise(path, "1", command("works"))
    add_member(zone, MemberProgram("m0", path, sys.executable))
    eventually(lambda: started(path) == ["works"])
    return path


def started(volume: Path) -> list[str]:
    """Behaviours in the order in which they were started."""
    log = volume / "started"
    return [line.split()[0] for line in log.read_text().splitlines()] if log.exists() else []


def last_pid(volume: Path) -> int:
    return int((volume / "started").read_text().split()[-1])


def upgrade(zone: ZonePaths, volume: Path, behaviour: str) -> None:
    """As the agent does it: propose, and end."""
    agent_state.propose(volume, "2", command(behaviour))
    restart_agent(zone, "m0")


def test_a_release_that_works_is_kept(zone: ZonePaths, volume: Path) -> None:
    upgrade(zone, volume, "works too")
    eventually(lambda: started(volume) == ["works", "works"])
    eventually(lambda: agent_state.confirmed(volume) == agent_state.read(volume).trial)
    restart_agent(zone, "m0")
    eventually(lambda: len(started(volume)) == 3)
    state = agent_state.read(volume)
    assert (state.current.version, state.candidate, state.failed) == ("2", None, None)
    assert state.previous is not None
    assert state.previous.version == "1"


def test_the_agent_is_the_process_that_supervisord_knows(zone: ZonePaths, volume: Path) -> None:
    upgrade(zone, volume, "works")
    eventually(lambda: len(started(volume)) == 2)
    assert inspect_zone(zone).programs["agent-m0"].pid == last_pid(volume)
    supervisor = find_supervisor(zone)
    assert supervisor is not None
    # Once it has confirmed, nobody watches it any more.
    eventually(lambda: [each.pid for each in family(supervisor) if AGENTS in each.command] == [last_pid(volume)])
    eventually(lambda: not any("agent_launch" in " ".join(each.command) for each in family(supervisor)))


def test_a_release_that_crashes_is_taken_back(zone: ZonePaths, volume: Path) -> None:
    upgrade(zone, volume, "crashes")
    eventually(lambda: started(volume) == ["works", *["crashes"] * ATTEMPTS, "works"], within=40)
    state = agent_state.read(volume)
    assert (state.current.version, state.candidate) == ("1", None)
    assert state.failed == FailedRelease("2", f"it ended {ATTEMPTS} times before its first publication")


def test_a_release_that_cannot_be_executed_is_taken_back_at_once(zone: ZonePaths, volume: Path) -> None:
    agent_state.propose(volume, "2", ["/nowhere/etcd-ops"])
    restart_agent(zone, "m0")
    eventually(lambda: started(volume) == ["works", "works"])
    failed = agent_state.read(volume).failed
    assert failed == FailedRelease("2", "it cannot be executed: /nowhere/etcd-ops: No such file or directory")


def test_a_current_release_that_is_gone_gives_way_to_the_one_before(zone: ZonePaths, volume: Path) -> None:
    """Such as an environment that somebody deleted."""
    state = agent_state.read(volume)
    gone = agent_state.Release("2", ("/nowhere/etcd-ops",))
    agent_state.write(volume, state._replace(current=gone, previous=state.current))
    restart_agent(zone, "m0")
    eventually(lambda: started(volume) == ["works", "works"])
    assert agent_state.read(volume).current.version == "1"


def test_it_dies_with_its_supervisor(zone: ZonePaths, volume: Path) -> None:
    agent = look(last_pid(volume))
    supervisor = find_supervisor(zone)
    assert agent is not None
    assert supervisor is not None
    send(supervisor, signal.SIGKILL)
    assert wait_gone([agent], 5) == []


@pytest.fixture
def candidate(tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Starts a candidate on a volume without a supervisor."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(behaviour: str) -> subprocess.Popen[bytes]:
        agent_state.initialise(tmp_path, "1", command("works"))
        agent_state.propose(tmp_path, "2", command(behaviour))
        environment = {**os.environ, agent_state.TRIAL: agent_state.read(tmp_path).trial}
        arguments = agent_launch.arguments(agent_state.Release("2", tuple(command(behaviour))), tmp_path)
        process = subprocess.Popen(arguments, env=environment)
        processes.append(process)
        eventually(lambda: started(tmp_path) == [behaviour])
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()


def test_one_that_never_publishes_is_killed_and_taken_back(
    candidate: Callable[[str], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    agent = look(candidate("silent").pid)
    assert agent is not None
    agent_launch.watch(tmp_path, agent, agent_state.read(tmp_path).trial, seconds=0.3)
    assert wait_gone([agent], 5) == []
    state = agent_state.read(tmp_path)
    assert state.failed == FailedRelease("2", "it did not publish within 0 s")
    assert state.candidate is None


def test_one_that_publishes_is_left_alone(candidate: Callable[[str], subprocess.Popen[bytes]], tmp_path: Path) -> None:
    agent = look(candidate("works").pid)
    assert agent is not None
    agent_launch.watch(tmp_path, agent, agent_state.read(tmp_path).trial, seconds=20)
    assert alive(agent)
    assert agent_state.read(tmp_path).failed is None


def test_a_watcher_ends_with_its_candidate(candidate: Callable[[str], subprocess.Popen[bytes]], tmp_path: Path) -> None:
    process = candidate("silent")
    agent = look(process.pid)
    assert agent is not None
    process.kill()
    agent_launch.watch(tmp_path, agent, agent_state.read(tmp_path).trial, seconds=60)
    assert agent_state.read(tmp_path).candidate is not None, "crashes are counted at the next start"
