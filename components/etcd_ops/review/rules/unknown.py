"""What cannot be told from the preview. It is said, and never counts as fine."""

from __future__ import annotations

from collections.abc import Iterator

from etcd_ops.review.clusters import Case, Declared
from etcd_ops.review.preview import Change
from etcd_ops.review.result import Finding, Level, Subject

_LASTING = (Change.SAME, Change.READ)


def unknown(case: Case) -> Iterator[Finding]:
    """Declarations that are missing, unreadable, or not known yet, and operations that nobody knows."""
    if case.rollout is None:
        yield from _without_rollout(case)
        return
    yield from _declared(case)
    for step in case.steps:
        if step.change is Change.UNKNOWN:
            text = f"the engine says {step.operation!r} of {step.type} {step.name}, which this version does not know"
            yield _finding("unknown-operation", text, where=step.name)


def _without_rollout(case: Case) -> Iterator[Finding]:
    if any(step.change not in _LASTING for step in case.steps):
        text = "the preview does not show the cluster's Rollout: what is declared, and whom this concerns, is not known"
        remedy = "mend what failed; if nothing did, preview the whole stack with --show-sames, without --target"
        yield _finding("rollout-not-shown", text, remedy)


def _declared(case: Case) -> Iterator[Finding]:
    assert case.rollout is not None
    if case.before is None and case.rollout.change is not Change.CREATE:
        yield _finding("before-unknown", "what is declared now is not in the preview")
    if case.after is None and not case.is_retired:
        yield _finding("after-unknown", "what is to be declared is not in the preview")
    yield from _parts(case.before, "what is declared now")
    yield from _parts(case.after, "what is to be declared")


def _parts(declared: Declared | None, what: str) -> Iterator[Finding]:
    if declared is None:
        return
    if declared.unreadable:
        yield _finding("unreadable", f"{what} cannot be read by this version: {declared.unreadable}")
    for path in declared.unknown:
        yield _finding("not-known-yet", f"{what} is only known in the update", where=path)


def _finding(code: str, text: str, remedy: str = "", where: str = "") -> Finding:
    return Finding(
        level=Level.ATTENTION, subject=Subject.PREVIEW, code=code, where=where, text=text, remedy=remedy
    )  # fmt: skip
