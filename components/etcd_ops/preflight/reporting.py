"""What is printed of a preflight: for people, and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from etcd_ops.preflight.demand import Demand
from etcd_ops.preflight.facts import Standing
from etcd_ops.preflight.judgement import Finding, Level, judge, quotas_of
from etcd_ops.preflight.quotas import Quota
from etcd_ops.preflight.together import Candidate, Sum, of_quota

_MARKS = {Level.REFUSED: "refused", Level.UNKNOWN: "unknown", Level.NOT_ASKED: "not asked"}
_NOTHING = "nothing of a cluster on AWS is to be created or changed, and nothing was asked"


@dataclass(frozen=True, slots=True)
class Report:
    """One cluster, with what AWS said and what follows from it."""

    candidate: Candidate
    beside: tuple[Candidate, ...]
    """Other clusters that are declared with it."""
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, this: Candidate, beside: Sequence[Candidate] = ()) -> Report:
        """Judge a cluster."""
        return cls(this, tuple(beside), judge(this, beside))

    @property
    def demand(self) -> Demand:
        """What is to be declared."""
        return self.candidate.demand

    def status(self) -> int:
        """0 where it fits, 1 where something is refused, 2 where something could not be judged."""
        levels = {each.level for each in self.findings}
        return 1 if Level.REFUSED in levels else 2 if Level.UNKNOWN in levels else 0

    def lines(self) -> Iterator[str]:
        """For people."""
        where = f"{self.demand.cluster} in {self.demand.region}, account {self.demand.account}"
        members = f"{len(self.demand.members)} members of {self.demand.instance_type}"
        yield f"{where}: {members} in {', '.join(self.demand.zones)}"
        for finding in self.findings:
            yield f"  {_MARKS[finding.level]}: {finding.problem}"
        for quota, needed, standing in self._quotas():
            if standing.granted is not None:
                with_others = f" ({needed.all:g} with {', '.join(needed.others)})" if needed.others else ""
                stands = f"{standing.used:g} used, {standing.granted:g} granted"
                yield f"  {quota.what}: {needed.own:g} needed{with_others}, {stands} ({quota.key})"
        if self.status() == 0:
            yield "  fits, as far as it was asked" if self.findings else "  fits"

    def wire(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "cluster": self.demand.cluster,
            "region": self.demand.region,
            "account": self.demand.account,
            "fits": self.status() == 0,
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
                {
                    "key": quota.key,
                    "what": quota.what,
                    "needed": needed.own,
                    "together": needed.all,
                    "with": list(needed.others),
                    "used": standing.used,
                    "granted": standing.granted,
                }
                for quota, needed, standing in self._quotas()
            ],
        }

    def _quotas(self) -> Iterator[tuple[Quota, Sum, Standing]]:
        facts = self.candidate.facts
        for quota in quotas_of(self.demand, facts.instance_type):
            if quota.key in facts.quotas:
                yield quota, of_quota(self.candidate, self.beside, quota), facts.quotas[quota.key]


def reports(candidates: Sequence[Candidate]) -> tuple[Report, ...]:
    """Each of several clusters, judged with the others."""
    return tuple(
        Report.of(each, [*candidates[:place], *candidates[place + 1 :]]) for place, each in enumerate(candidates)
    )


def printed(reports: Sequence[Report]) -> Iterator[str]:
    """All reports for people; it says so where there is nothing to report on."""
    for report in reports:
        yield from report.lines()
    if not reports:
        yield _NOTHING


def worst(reports: Sequence[Report]) -> int:
    """The exit status of several: refused before unknown before fitting; none of them fits as well."""
    statuses = {report.status() for report in reports}
    return 1 if 1 in statuses else max(statuses, default=0)
