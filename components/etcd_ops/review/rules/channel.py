"""Where the cluster is declared, and by whom."""

from __future__ import annotations

from collections.abc import Iterator

from etcd_ops.review.clusters import Case
from etcd_ops.review.preview import Change
from etcd_ops.review.result import Finding, Level, Subject


def channel(case: Case) -> Iterator[Finding]:
    """Another channel, another owner, data that somebody else made."""
    yield from _moved(case)
    after, before = case.after, case.before
    if after is None:
        return
    if after.former_owner and (before is None or before.former_owner != after.former_owner):
        text = f"it takes over the cluster of {after.former_owner}"
        remedy = "make sure that the old stack has let go of it by `pulumi state delete`, not by `destroy`"
        yield _finding(Level.ATTENTION, Subject.OWNER, "owner-changes", text, remedy)
    if after.adopt and (before is None or not before.adopt):
        text = "members that somebody else started are taken over; the first gated restart begins it"
        remedy = "declare mode observe-only first, and see `etcd-ops status`"
        yield _finding(Level.ATTENTION, Subject.OWNER, "adopted", text, remedy)


def _moved(case: Case) -> Iterator[Finding]:
    if case.rollout is not None and case.rollout.change is Change.REPLACE:
        text = "the Rollout is replaced: the cluster is declared anew, and then marked as retiring"
        yield _finding(Level.REFUSE, Subject.CHANNEL, "rollout-replaced", text, "keep the channel that it has")
    if case.before is None or case.after is None:
        return
    if case.before.channel != case.after.channel:
        text = "the channel is another one: agents go on reading the old one, and nobody declares anything there"
        yield _finding(Level.REFUSE, Subject.CHANNEL, "channel-changes", text, "keep the channel that it has")


def _finding(level: Level, subject: Subject, code: str, text: str, remedy: str = "") -> Finding:
    return Finding(level=level, subject=subject, code=code, text=text, remedy=remedy)
