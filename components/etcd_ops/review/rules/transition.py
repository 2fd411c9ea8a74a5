"""Changes that must not follow what is declared: judged as Rollout's Check judges them, without the live cluster."""

from __future__ import annotations

from collections.abc import Iterator

from etcd_ops.model.transitions import refusals
from etcd_ops.review.clusters import Case
from etcd_ops.review.preview import Change
from etcd_ops.review.result import Finding, Level, Subject


def transition(case: Case) -> Iterator[Finding]:
    """What Rollout and agents refuse."""
    if case.new is None or case.rollout is None or case.rollout.change is Change.CREATE or case.old is None:
        return
    for problem in refusals(case.old, case.new):
        yield Finding(
            level=Level.REFUSE, subject=Subject.MEMBERS, code="forbidden", where=problem.path,
            text=problem.reason, remedy=problem.remedy,
        )  # fmt: skip
