"""Which release of the agent runs beside a member, as the launcher on its volume keeps them."""

from __future__ import annotations

from pathlib import Path

from etcd_ops.model.spec import AgentSpec
from etcd_ops.runtime import agent_state
from etcd_ops.runtime.agent_state import Release


class VolumeReleases:
    """Implements `etcd_ops.agent.ports.Releases` for releases that are on this machine by other means."""

    def __init__(self, volume: Path) -> None:
        self._volume = volume

    def failure(self, version: str) -> str:
        """Why `version` was taken back; empty where it was not."""
        failed = agent_state.read(self._volume).failed
        return failed.reason if failed is not None and failed.version == version else ""

    def awaited(self, agent: AgentSpec) -> str:
        """What is missing of a release; nothing, as far as anybody here knows."""
        del agent
        return ""

    def launched(self, agent: AgentSpec) -> bool:
        """Whether this process was launched as a release, whatever version its program says."""
        return agent_state.launched(agent_state.read(self._volume)) == Release(agent.version, agent.command)

    def propose(self, version: str, command: tuple[str, ...]) -> None:
        """Let the launcher try another release when this agent ends."""
        agent_state.propose(self._volume, version, command)

    def confirm(self) -> None:
        """This release works: the launcher keeps it."""
        agent_state.confirm(self._volume)
