"""Members that come, go, restart, or get another agent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from etcd_ops.model.spec import ClusterSpec
from etcd_ops.model.topology import fatal_zones, tolerates
from etcd_ops.review.clusters import Case
from etcd_ops.review.result import Finding, Level, Subject
from etcd_ops.review.rolls import Roll, rolls
from etcd_ops.review.values import members_counted


def members(case: Case) -> Iterator[Finding]:
    """Changes of the membership, and what the agents roll."""
    if case.is_new and case.new is not None:
        yield _finding(Level.FINE, "new-cluster", _formed(case.new))
    yield from _membership(case)
    yield from _rolled(rolls(case))
    yield from _zones(case)


def _formed(spec: ClusterSpec) -> str:
    zones = len({member.zone for member in spec.members.values()})
    lost = members_counted(tolerates(len(spec.members)))
    return f"a new cluster of {len(spec.members)} in {zones} zones is formed, which survives the failure of {lost}"


def _membership(case: Case) -> Iterator[Finding]:
    if case.old is None or case.new is None:
        return
    coming = sorted(set(case.new.members) - set(case.old.members))
    if coming:
        first = ", before anybody leaves" if case.dropped else ""
        text = f"to join, one at a time, as learners first{first}: {', '.join(coming)}"
        yield _finding(Level.ATTENTION, "members-added", text)
    if case.dropped:
        names = ", ".join(sorted(case.dropped))
        order = "in this order, but for a leader, which is last"
        text = f"to leave, one at a time, {order}, with their volumes once the rollout has succeeded: {names}"
        yield _finding(Level.ATTENTION, "members-dropped", text)
    if case.new.migration != case.old.migration:
        text = "the migration moves on; `etcd-ops migrate plan` tells its steps and the quorum around each"
        yield _finding(Level.ATTENTION, "migration", text)


def _rolled(every: Sequence[Roll]) -> Iterator[Finding]:
    if down := [roll.slot for roll in every if roll.takes_down]:
        reasons = dict.fromkeys(reason for roll in every for reason in roll.restarts)
        reasons |= {"another pod or machine": None} if any(roll.moves for roll in every) else {}
        text = f"agents roll {', '.join(down)} through the safety gate, one at a time: {'; '.join(reasons)}"
        yield _finding(Level.FINE, "rolled-by-agents", text)
    releases = sorted({roll.agent for roll in every if roll.agent})
    if releases or any(roll.agent_moves for roll in every):
        into = f" to release {', '.join(releases)}" if releases else ""
        text = f"agents hand over{into}, one zone at a time, without touching etcd"
        yield _finding(Level.FINE, "agents-hand-over", text, Subject.AGENTS)


def _zones(case: Case) -> Iterator[Finding]:
    """Zones whose loss ends the quorum, and did not before."""
    if case.new is None or len(case.new.members) < 2:
        return
    before = _fatal(case.old.members) if case.old is not None else set[str]()
    for zone in sorted(_fatal(case.new.members) - before):
        yield _finding(Level.ATTENTION, "fatal-zone", f"the loss of zone {zone} alone would end the quorum")


def _fatal(declared: object) -> set[str]:
    assert isinstance(declared, dict)
    return set(fatal_zones({slot: member.zone for slot, member in declared.items()}))


def _finding(level: Level, code: str, text: str, subject: Subject = Subject.MEMBERS) -> Finding:
    return Finding(level=level, subject=subject, code=code, text=text)
