"""Which release of the agent runs beside a member, and which one is tried: `agent/agent.json`.

The agent proposes its own upgrade and confirms it; its launcher (`agent_launch`) decides from this file alone.
Standard library only.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from etcd_ops.volume.durable import make_directory, write_file
from etcd_ops.volume.errors import Damaged, VolumeError
from etcd_ops.volume.layout import VolumeLayout
from etcd_ops.volume.sealed import seal, unseal

TRIAL = "ETCD_OPS_AGENT_TRIAL"
"""Environment variable by which a candidate knows which trial it has to confirm."""


class Release(NamedTuple):
    """One release of the agent."""

    version: str
    command: tuple[str, ...]
    """Program and leading arguments, without the subcommand."""


class FailedRelease(NamedTuple):
    """A release that was tried and taken back."""

    version: str
    reason: str


class AgentState(NamedTuple):
    """The releases known on this volume."""

    current: Release
    """The one that works."""
    candidate: Release | None = None
    """The one on trial."""
    previous: Release | None = None
    """The one before the current; run where the current one cannot be executed."""
    failed: FailedRelease | None = None
    trial: str = ""
    """Fresh for every candidate; the confirmation names it."""
    attempts: int = 0
    """Starts of the candidate so far."""


def read(volume: Path) -> AgentState:
    """The state on this volume.

    Raises:
        VolumeError: there is none, or it is damaged.
        OSError
    """
    path = VolumeLayout(volume).agent_state
    try:
        return decode(path.read_bytes())
    except FileNotFoundError as problem:
        raise VolumeError(f"{path} does not exist: the platform has not named an agent for this member") from problem
    except Damaged as problem:
        raise VolumeError(f"{path}: {problem}; delete it and deploy the member again") from problem


def initialise(volume: Path, version: str, command: Sequence[str]) -> None:
    """Name the first release, where none is named yet: later ones are for agents to take up."""
    layout = VolumeLayout(volume)
    with state_lock(volume):
        if not layout.agent_state.exists():
            write(volume, AgentState(Release(version, tuple(command))))


def propose(volume: Path, version: str, command: Sequence[str]) -> None:
    """Let the launcher try another release at its next start; the caller ends itself afterwards."""
    with state_lock(volume):
        known, candidate = promoted(read(volume), confirmed(volume)), Release(version, tuple(command))
        write(volume, known._replace(candidate=candidate, trial=secrets.token_hex(8), attempts=0, failed=None))


def promoted(state: AgentState, confirmed: str) -> AgentState:
    """The state in which a candidate that works is the current release; unchanged where there is none.

    Args:
        state: as read.
        confirmed: the newest trial that was confirmed.
    """
    if state.candidate is None or state.trial != confirmed:
        return state
    return state._replace(current=state.candidate, previous=state.current, candidate=None, trial="", attempts=0)


def launched(state: AgentState) -> Release:
    """The release as which this process was launched, where it is an agent."""
    trial = os.environ.get(TRIAL, "")
    return state.candidate if state.candidate is not None and trial == state.trial else state.current


def confirm(volume: Path) -> None:
    """The agent works: called after its first publication. Does nothing for one that is not on trial."""
    trial = os.environ.get(TRIAL, "")
    path = VolumeLayout(volume).agent_confirmation
    if trial and confirmed(volume) != trial:
        write_file(path, trial.encode())


def confirmed(volume: Path) -> str:
    """The newest trial that was confirmed; empty where none was."""
    try:
        return VolumeLayout(volume).agent_confirmation.read_text().strip()
    except FileNotFoundError:
        return ""


def write(volume: Path, state: AgentState) -> None:
    """Replace the state; the caller holds `state_lock`."""
    write_file(VolumeLayout(volume).agent_state, encode(state))


@contextmanager
def state_lock(volume: Path) -> Iterator[None]:
    """Hold while the state is read and written: agent, launcher and platform all change it."""
    import fcntl

    layout = VolumeLayout(volume)
    make_directory(layout.agent)
    descriptor = os.open(layout.agent / ".agent.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def encode(state: AgentState) -> bytes:
    """The content of `agent.json`."""
    return seal(
        {
            "current": _release_out(state.current),
            "candidate": _release_out(state.candidate),
            "previous": _release_out(state.previous),
            "failed": state.failed._asdict() if state.failed else None,
            "trial": state.trial,
            "attempts": state.attempts,
        }
    )


def decode(data: bytes) -> AgentState:
    """Read `agent.json`.

    Raises:
        Damaged
    """
    body = unseal(data)
    current = _release_in(body.get("current"))
    if current is None:
        raise Damaged("it names no current release")
    return AgentState(
        current=current,
        candidate=_release_in(body.get("candidate")),
        previous=_release_in(body.get("previous")),
        failed=_failed_in(body.get("failed")),
        trial=str(body.get("trial", "")),
        attempts=int(body.get("attempts", 0)),
    )


def _release_out(release: Release | None) -> dict[str, Any] | None:
    return None if release is None else {"version": release.version, "command": list(release.command)}


def _release_in(value: object) -> Release | None:
    match value:
        case None:
            return None
        case {"version": str(version), "command": [_, *_] as command}:
            return Release(version, tuple(str(part) for part in command))
    raise Damaged("a release has no version or command")


def _failed_in(value: object) -> FailedRelease | None:
    match value:
        case None:
            return None
        case {"version": str(version), "reason": str(reason)}:
            return FailedRelease(version, reason)
    raise Damaged("the failed release has no version or reason")
