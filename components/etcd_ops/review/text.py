"""A review for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from etcd_ops.review.markdown import NOTE, WORDS
from etcd_ops.review.result import ClusterReview, Finding, Level, Review, Votes

STYLES = {Level.FINE: "green", Level.ATTENTION: "yellow", Level.REFUSE: "red"}


def shown(review: Review) -> Group:
    """The verdict, and what happens to each cluster."""
    return Group(*_parts(review))


def _parts(review: Review) -> Iterator[RenderableType]:
    counted = ", ".join(f"{number} {change}" for change, number in review.changes.items()) or "no resources"
    yield Text(f"{review.stack or 'unknown stack'}: {WORDS[review.verdict]}", style=STYLES[review.verdict])
    yield Text(counted)
    yield from map(_finding, review.findings)
    for cluster in review.clusters:
        yield from _cluster(cluster)
    yield Text(NOTE.replace("`", ""), style="dim")


def _cluster(cluster: ClusterReview) -> Iterator[RenderableType]:
    yield Text(f"\n{cluster.cluster}: {cluster.verdict.value}", style=STYLES[cluster.verdict])
    quorum = cluster.quorum
    for name, votes in (("before", quorum.before), ("worst", quorum.during), ("after", quorum.after)):
        yield Text(f"  quorum {name}: {_votes(votes)}")
    if any(member.happens for member in cluster.members):
        yield _members(cluster)
    for gap in cluster.gaps:
        yield Text(f"  without an acknowledged write: {gap}")
    yield from map(_finding, cluster.findings)


def _votes(votes: Votes | None) -> str:
    if votes is None:
        return "nobody, or not known"
    return f"{votes.up} of {votes.voters} serve, {votes.needed} needed"


def _members(cluster: ClusterReview) -> Table:
    rows = Table(box=None, padding=(0, 2))
    for name in ("turn", "member", "zone", "by", "what happens"):
        rows.add_column(name)
    for member in cluster.members:
        if member.happens:
            cells = (str(member.turn or "-"), member.slot, member.zone, member.by, "; ".join(member.happens))
            rows.add_row(*map(Text, cells))
    return rows


def _finding(finding: Finding) -> Text:
    where = f"{finding.where}: " if finding.where else ""
    remedy = f" ({finding.remedy})" if finding.remedy else ""
    return Text(
        f"  {finding.level.value} [{finding.subject.value}] {where}{finding.text}{remedy}", STYLES[finding.level]
    )
