"""What the agent's launcher does next, from the state of its releases. Pure; standard library only."""

from __future__ import annotations

from typing import NamedTuple

from etcd_ops.runtime.agent_state import AgentState, FailedRelease, Release, promoted

CONFIRM_SECONDS = 60.0
"""How long a candidate may take to its first publication, the start of its interpreter included."""
ATTEMPTS = 3
"""Starts of a candidate that may end before it confirmed."""


class Run(NamedTuple):
    """Which release to run."""

    release: Release
    trial: str
    """Names the trial that the release has to confirm; empty where it is not on trial."""
    state: AgentState
    """What must be written before it is run."""


def next_run(state: AgentState, confirmed: str) -> Run:
    """The release to run now.

    Args:
        state: as read.
        confirmed: the newest trial that was confirmed.
    """
    state = promoted(state, confirmed)
    if state.candidate is None:
        return Run(state.current, "", state)
    if state.attempts >= ATTEMPTS:
        dropped = drop(state, state.trial, f"it ended {state.attempts} times before its first publication")
        return Run(dropped.current, "", dropped)
    return Run(state.candidate, state.trial, state._replace(attempts=state.attempts + 1))


def drop(state: AgentState, trial: str, reason: str) -> AgentState:
    """The state without the candidate of this trial; unchanged where another trial is on, or none."""
    if state.candidate is None or state.trial != trial:
        return state
    failed = FailedRelease(state.candidate.version, reason)
    return state._replace(candidate=None, trial="", attempts=0, failed=failed)


def cannot_run(state: AgentState, trial: str, reason: str) -> AgentState:
    """The state after a release could not even be executed: the one before it is next.

    A candidate is dropped; a current release that is gone gives way to the previous one. With nothing left to
    fall back to, the state stays as it is.
    """
    if trial:
        return drop(state, trial, reason)
    if state.previous is None:
        return state
    failed = FailedRelease(state.current.version, reason)
    return state._replace(current=state.previous, previous=None, failed=failed)
