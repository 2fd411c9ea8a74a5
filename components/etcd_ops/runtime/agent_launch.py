"""Starts one member's agent: `python -m etcd_ops.runtime.agent_launch VOLUME`. Standard library only.

A release on trial is watched by a small process of its own until it confirms, and killed if it does not in time;
supervisord starts this program again, which then runs the release before it.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from etcd_ops.runtime import agent_state
from etcd_ops.runtime.agent_state import TRIAL, Release
from etcd_ops.runtime.agent_trial import CONFIRM_SECONDS, Run, cannot_run, drop, next_run
from etcd_ops.runtime.parent import die_with_parent
from etcd_ops.volume.errors import VolumeError
from etcd_ops.zone.process import Process, alive, look, send, wait_end

_LOOK_SECONDS = 0.2
_RELEASES = 3
"""Candidate, current and previous: more cannot fail to execute in one go."""


def main() -> int:
    """Run as a program; returns only where no agent could be started."""
    volume = Path(sys.argv[1]).absolute()
    try:
        if not die_with_parent():
            _say("not started: whatever started this has ended")
            return 1
        for _ in range(_RELEASES):
            run = _next(volume)
            problem = _start(volume, run)
            _say(f"release {run.release.version} could not be executed: {problem}")
            _fall_back(volume, run, problem)
    except (OSError, VolumeError) as problem:
        _say(f"failed: {problem}")
    return 1


def arguments(release: Release, volume: Path) -> list[str]:
    """How a release is started for the member on a volume."""
    return [*release.command, "agent", "--volume", str(volume)]


def watch(volume: Path, agent: Process, trial: str, seconds: float = CONFIRM_SECONDS) -> None:
    """Wait until a candidate confirms or ends; in neither case within `seconds`, drop it and kill it."""
    deadline = time.monotonic() + seconds
    while alive(agent) and agent_state.confirmed(volume) != trial:
        if time.monotonic() > deadline:
            _take_back(volume, trial, f"it did not publish within {seconds:.0f} s")
            send(agent, signal.SIGKILL)
            return
        wait_end(agent, _LOOK_SECONDS)


def _next(volume: Path) -> Run:
    with agent_state.state_lock(volume):
        state = agent_state.read(volume)
        run = next_run(state, agent_state.confirmed(volume))
        if run.state != state:
            agent_state.write(volume, run.state)
        return run


def _start(volume: Path, run: Run) -> str:
    """Become the agent; returns why that could not be."""
    environment = {name: value for name, value in os.environ.items() if name != TRIAL}
    if run.trial:
        _fork_watcher(volume, run.trial)
        environment[TRIAL] = run.trial
    command = arguments(run.release, volume)
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606 - no shell is meant
    except OSError as problem:
        return f"{command[0]}: {problem.strerror}"


def _fall_back(volume: Path, run: Run, problem: str) -> None:
    with agent_state.state_lock(volume):
        agent_state.write(volume, cannot_run(agent_state.read(volume), run.trial, f"it cannot be executed: {problem}"))


def _take_back(volume: Path, trial: str, reason: str) -> None:
    with agent_state.state_lock(volume):
        agent_state.write(volume, drop(agent_state.read(volume), trial, reason))


def _fork_watcher(volume: Path, trial: str) -> None:
    """Start the watcher as nobody's child: the agent would not reap it.

    The agent keeps the process that supervisord knows, so that signals and its end reach supervisord at once.
    """
    agent = look(os.getpid())
    if agent is None:
        raise OSError("this process could not be looked at")
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    if os.fork():
        os._exit(0)
    status = 1
    try:
        watch(volume, agent, trial)
        status = 0
    finally:
        os._exit(status)


def _say(text: str) -> None:
    print(f"etcd-ops agent launch: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
