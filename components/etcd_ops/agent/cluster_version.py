"""The cluster version that etcd agreed on, which is not what its members run: asked for only while it may change."""

from __future__ import annotations

from collections.abc import Mapping

from etcd_ops.agent.ports import Probe
from etcd_ops.model.facts import EndpointFacts
from etcd_ops.model.versions import line_of


class ClusterVersion:
    """What the own member says, remembered for as long as it cannot become another one."""

    def __init__(self, probe: Probe, timeout: float) -> None:
        """Ask through `probe`.

        Args:
            timeout: seconds for one question.
        """
        self._probe, self._timeout, self._known = probe, timeout, ""

    async def look(self, health_url: str, endpoints: Mapping[str, EndpointFacts]) -> str:
        """The cluster version, such as 3.6; empty where the member does not tell.

        Args:
            health_url: the member's own health listener.
            endpoints: what the members answered.
        """
        if not self._settled(endpoints):
            self._known = await self._probe.cluster_version(health_url, timeout=self._timeout)
        return self._known

    def _settled(self, endpoints: Mapping[str, EndpointFacts]) -> bool:
        """It rises only after every member runs a newer line, and falls only while a downgrade is enabled."""
        known = line_of(self._known)
        answers = endpoints.values()
        return (
            known is not None
            and bool(answers)
            and all(line_of(each.version) == known and not each.downgrading for each in answers)
        )
