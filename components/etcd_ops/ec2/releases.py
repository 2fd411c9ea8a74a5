"""Releases of the agent on a machine that fetches them: what is declared is here before it is proposed."""

from __future__ import annotations

from pathlib import Path

from etcd_ops.agent.releases import VolumeReleases
from etcd_ops.ec2 import artifacts, places
from etcd_ops.ec2.artifacts import Artifacts
from etcd_ops.model.spec import AgentSpec
from etcd_ops.runtime import agent_state


class FetchedReleases(VolumeReleases):
    """Implements `etcd_ops.agent.ports.Releases`."""

    def __init__(self, volume: Path, fetched: Artifacts, current: Path = places.CURRENT) -> None:
        super().__init__(volume)
        self._fetched, self._current = fetched, current
        self._wanted = ""
        self._problem = ""

    def awaited(self, agent: AgentSpec) -> str:
        """What is missing of a release: `fetch` brings it."""
        if not agent.archive or self._fetched.program(agent.archive).exists():
            return ""
        self._wanted = agent.archive
        return f"archive {agent.archive[:12]} is not here yet{self._problem and ': '}{self._problem}"

    @property
    def wanting(self) -> bool:
        """A release is to be fetched."""
        return bool(self._wanted)

    def fetch(self) -> None:
        """Fetch what was last found missing.

        Raises:
            OSError, ValueError
        """
        try:
            self._fetched.release(self._wanted)
        except (OSError, ValueError) as problem:
            self._problem = str(problem)
            raise
        self._wanted = self._problem = ""

    def confirm(self) -> None:
        """This release works: the launcher keeps it, the units run it from now on, and old ones are deleted."""
        super().confirm()
        program = artifacts.own_program()
        artifacts.open_to_all(program.parent.parent)
        artifacts.point_to(program, self._current)
        state = agent_state.read(self._volume)
        known = (state.current, state.candidate, state.previous)
        kept = [each.command[0] for each in known if each is not None]
        self._fetched.keep_only([*kept, str(program)])
