"""A review as a comment on a pull request, in GitHub's Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from etcd_ops.review.result import ClusterReview, Finding, Level, MemberForecast, Review, Votes

LIMIT = 65_000
"""Characters of a comment; GitHub takes 65,536."""
SIGNS = {Level.FINE: "🟢", Level.ATTENTION: "🟡", Level.REFUSE: "🔴"}
WORDS = {
    Level.FINE: "fine: nothing here needs a second look",
    Level.ATTENTION: "needs attention",
    Level.REFUSE: "refuse: this costs data or the quorum, lets everybody in, passes by the safety gate, or fails",
}
LONGEST = 1_500
"""Characters of one finding: errors of programs bring whole traces along."""
_REASONS = 8
_SPECIAL = re.compile(r"([\\`*_{}\[\]|#~])")
NOTE = (
    "A preview knows nothing of the live cluster: every member is taken for healthy that nothing here disturbs, and "
    "who leads is not known. Agents ask the safety gate again before every step, and `etcd-ops status` tells what runs."
)


def marker(stack: str) -> str:
    """The hidden line by which a workflow finds the comment of a stack again."""
    return f"<!-- etcd-ops review of {re.sub(r'[^A-Za-z0-9._/-]', '', stack) or 'a stack'} -->"


def markdown(review: Review) -> str:
    """The comment. What does not fit into one is left out, the least grave first, and that is said."""
    most = max((len(each) for each in _lists(review)), default=0)
    while len(text := _comment(review, most)) > LIMIT and most > 0:
        most //= 2
    return text if len(text) <= LIMIT else text[:LIMIT]


def _lists(review: Review) -> Iterator[Sequence[object]]:
    yield review.findings
    for cluster in review.clusters:
        yield cluster.findings
        yield cluster.members


def _comment(review: Review, most: int) -> str:
    parts = [
        marker(review.stack),
        f"### {SIGNS[review.verdict]} etcd: {WORDS[review.verdict]}",
        _counts(review),
        *_reasons(review),
        *_table_of_findings(review.findings, most),
    ]
    for cluster in review.clusters:
        parts += _cluster(cluster, most)
    return "\n\n".join([*parts, f"<sub>{NOTE}</sub>"]) + "\n"


def _counts(review: Review) -> str:
    counted = ", ".join(f"{number} {change}" for change, number in review.changes.items())
    return f"Stack {escaped(review.stack) or 'unknown'}: {counted or 'no resources'}"


def _reasons(review: Review) -> Iterator[str]:
    """The gravest findings at the top, for who reads no further: of every sort the first."""
    grave: dict[str, list[Finding]] = {}
    for each in review.reasons:
        if each.level is review.verdict:
            grave.setdefault(each.code, []).append(each)
    if grave:
        yield "\n".join(map(_reason, list(grave.values())[:_REASONS]))


def _reason(alike: Sequence[Finding]) -> str:
    more = f" (and {len(alike) - 1} more like it)" if len(alike) > 1 else ""
    return f"- {_where(alike[0])}{escaped(alike[0].text)}{more}"


def _where(finding: Finding) -> str:
    return f"**{escaped(finding.where)}**: " if finding.where else ""


def _cluster(cluster: ClusterReview, most: int) -> Iterator[str]:
    yield f"#### {SIGNS[cluster.verdict]} Cluster {escaped(cluster.cluster)}"
    yield _quorum(cluster)
    yield from _members(cluster.members, most)
    if cluster.gaps:
        yield "**Expected without an acknowledged write**\n" + "\n".join(f"- {escaped(each)}" for each in cluster.gaps)
    yield from _table_of_findings([each for each in cluster.findings if each.level is not Level.FINE], most)
    yield from _notes([each for each in cluster.findings if each.level is Level.FINE], most)


def _quorum(cluster: ClusterReview) -> str:
    quorum = cluster.quorum
    times = (("before", quorum.before), ("at the worst moment", quorum.during), ("after", quorum.after))
    return _table(("Quorum", "voters", "needed", "serving"), (_votes(name, votes) for name, votes in times))


def _votes(name: str, votes: Votes | None) -> tuple[str, ...]:
    if votes is None:
        return (name, "-", "-", "nobody, or not known")
    sign = "" if votes.hold else f" {SIGNS[Level.REFUSE]}"
    return (name, str(votes.voters), str(votes.needed), f"{votes.up}{sign}")


def _members(members: Sequence[MemberForecast], most: int) -> Iterator[str]:
    shown = [each for each in members if each.happens]
    if not shown:
        return
    rows = [
        (str(each.turn or "-"), each.slot, each.zone, each.by or "-", "; ".join(each.happens)) for each in shown[:most]
    ]
    yield _table(("Turn", "Member", "Zone", "By", "What happens"), (tuple(map(escaped, row)) for row in rows))
    yield from _left_out(len(shown), most)
    if any(each.turn for each in shown):
        yield "One member at a time; the zone of whoever leads comes last, and its leader last of all."


def _table_of_findings(findings: Sequence[Finding], most: int) -> Iterator[str]:
    if not findings:
        return
    rows = [
        (SIGNS[each.level], each.subject.value, escaped(each.where), escaped(each.text), escaped(each.remedy))
        for each in findings[:most]
    ]
    yield _table(("", "About", "Where", "What", "Remedy"), rows)
    yield from _left_out(len(findings), most)


def _notes(findings: Sequence[Finding], most: int) -> Iterator[str]:
    if findings:
        lines = "\n".join(f"- {_where(each)}{escaped(each.text)}" for each in findings[:most])
        left = "".join(f"\n\n{each}" for each in _left_out(len(findings), most))
        yield f"<details><summary>{len(findings)} notes</summary>\n\n{lines}{left}\n\n</details>"


def _left_out(number: int, most: int) -> Iterator[str]:
    if number > most:
        yield f"{number - most} more do not fit here: see `etcd-ops review --json`."


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escaped(text: str) -> str:
    """Text that is only text: no markup, no table cell's end, nobody's name mentioned."""
    shortened = text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
    plain = shortened.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "&#64;")
    return "<br>".join(_SPECIAL.sub(r"\\\1", plain).split("\n")).replace("\r", "")
