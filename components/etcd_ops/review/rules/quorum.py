"""The quorum before, during and after."""

from __future__ import annotations

from collections.abc import Iterator

from etcd_ops.model.topology import tolerates
from etcd_ops.review.clusters import Case
from etcd_ops.review.disturbances import disturbed
from etcd_ops.review.forecast import quorum_forecast
from etcd_ops.review.peer_ways import parts_peers
from etcd_ops.review.result import Finding, Level, Subject
from etcd_ops.review.values import members_counted


def quorum(case: Case) -> Iterator[Finding]:
    """Whether voters are left to decide while the engine and the agents do what is declared."""
    if case.rollout is None or case.is_new:
        return
    if case.is_retired:
        yield _finding(Level.REFUSE, "cluster-retired", "the cluster is taken down: nobody serves any more")
        return
    taken = disturbed(case)
    if taken:
        yield _taken(taken)
    yield from _tolerance(case)
    votes = quorum_forecast(case).during
    if votes is None:
        yield _finding(Level.ATTENTION, "quorum-unknown", "whether a quorum is left cannot be told from the preview")
    elif not votes.hold:
        yield _lost(case, votes.up, votes.needed, bool(taken) or parts_peers(case))


def _tolerance(case: Case) -> Iterator[Finding]:
    if case.old is None or case.new is None:
        return
    before, after = tolerates(len(case.old.members)), tolerates(len(case.new.members))
    if after < before:
        text = f"afterwards the cluster survives the failure of {members_counted(after)}, instead of {before}"
        yield _finding(Level.ATTENTION, "tolerates-less", text)


def _taken(taken: frozenset[str]) -> Finding:
    names = ", ".join(sorted(taken))
    text = f"the engine itself takes {names} down, whenever their turn comes"
    return _finding(Level.REFUSE, "outside-the-gate", text, "change members by what agents roll, or by other slots")


def _lost(case: Case, up: int, needed: int, by_engine: bool) -> Finding:
    text = (
        f"of the {needed} voters that are needed {up} serve at the worst moment: nothing is written or read meanwhile"
    )
    if by_engine:
        return _finding(Level.REFUSE, "quorum-lost", text)
    allowed = case.new is not None and case.new.allow_outage
    if allowed:
        return _finding(Level.ATTENTION, "declared-outage", f"{text}; allowOutage accepts that")
    remedy = "grow to three members first, or declare allowOutage"
    return _finding(Level.ATTENTION, "waits-for-outage", f"{text}: agents wait, and the `up` fails", remedy)


def _finding(level: Level, code: str, text: str, remedy: str = "") -> Finding:
    return Finding(level=level, subject=Subject.QUORUM, code=code, text=text, remedy=remedy)
