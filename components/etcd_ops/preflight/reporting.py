"""What is printed of a preflight: for people, and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from etcd_ops.preflight.demand import Demand
from etcd_ops.preflight.facts import Facts, Standing
from etcd_ops.preflight.judgement import Finding, Level, judge, needed_of

_MARKS = {Level.REFUSED: "refused", Level.UNKNOWN: "unknown"}


@dataclass(frozen=True, slots=True)
class Report:
    """One cluster, with what AWS said and what follows from it."""

    demand: Demand
    facts: Facts
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, demand: Demand, facts: Facts) -> Report:
        """Judge a cluster."""
        return cls(demand, facts, judge(demand, facts))

    def status(self) -> int:
        """0 where it fits, 1 where something is refused, 2 where something could not be judged."""
        levels = {each.level for each in self.findings}
        return 1 if Level.REFUSED in levels else 2 if levels else 0

    def lines(self) -> Iterator[str]:
        """For people."""
        where = f"{self.demand.cluster} in {self.demand.region}, account {self.demand.account}"
        members = f"{len(self.demand.members)} members of {self.demand.instance_type}"
        yield f"{where}: {members} in {', '.join(self.demand.zones)}"
        for finding in self.findings:
            yield f"  {_MARKS[finding.level]}: {finding.problem}"
        for key, what, needed, standing in self._quotas():
            if standing.granted is not None:
                yield f"  {what}: {needed:g} needed, {standing.used:g} used, {standing.granted:g} granted ({key})"
        if not self.findings:
            yield "  fits"

    def wire(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "cluster": self.demand.cluster,
            "region": self.demand.region,
            "account": self.demand.account,
            "fits": not self.findings,
            "findings": [
                {
                    "level": each.level.value,
                    "path": each.problem.path,
                    "reason": each.problem.reason,
                    "remedy": each.problem.remedy,
                }
                for each in self.findings
            ],
            "quotas": [
                {"key": key, "what": what, "needed": needed, "used": standing.used, "granted": standing.granted}
                for key, what, needed, standing in self._quotas()
            ],
        }

    def _quotas(self) -> Iterator[tuple[str, str, float, Standing]]:
        for quota, needed in needed_of(self.demand, self.facts.instance_type):
            if quota.key in self.facts.quotas:
                yield quota.key, quota.what, needed, self.facts.quotas[quota.key]


def worst(reports: Sequence[Report]) -> int:
    """The exit status of several: refused before unknown before fitting."""
    statuses = {report.status() for report in reports}
    return 1 if 1 in statuses else max(statuses, default=0)
