"""Brakes and limits that are put on or taken off: mode, outages, healing, protection."""

from __future__ import annotations

from collections.abc import Iterator

from etcd_ops.model.spec import Mode
from etcd_ops.review.clusters import Case, Declared
from etcd_ops.review.preview import Step
from etcd_ops.review.result import Finding, Level, Subject
from etcd_ops.review.values import listed

_MEANS = {
    Mode.ACTIVE.value: "agents act again",
    Mode.PAUSED.value: "agents change nothing, and heal nothing but intact members",
    Mode.OBSERVE_ONLY.value: "agents say what they would do, and do nothing",
}


def brakes(case: Case) -> Iterator[Finding]:
    """What agents, the gate and the engine may do from now on, and might not before, or the other way round."""
    yield from _mode(case.before, case.after)
    if case.old is not None and case.new is not None:
        if case.old.allow_outage != case.new.allow_outage:
            allowed = "may" if case.new.allow_outage else "may no longer"
            yield _finding("allow-outage", f"changes {allowed} stop a cluster of one or two voters", "allowOutage")
        before, after = (spec.healing.automatic_replacements_per_day for spec in (case.old, case.new))
        if before != after:
            text = f"agents replace {after} members a day without being asked, instead of {before}"
            yield _finding("healing", text, "healing.automaticReplacementsPerDay")
    elif case.new is not None and case.new.allow_outage:
        yield _finding("allow-outage", "changes may stop the cluster while it has one or two voters", "allowOutage")
    yield from _protection(case.steps)


def _mode(before: Declared | None, after: Declared | None) -> Iterator[Finding]:
    if after is None:
        return
    was = before.mode if before is not None else Mode.ACTIVE.value
    if after.mode != was:
        means = _MEANS.get(after.mode, "which this version does not know")
        yield _finding("mode", f"{was} becomes {after.mode}: {means}", "mode")
    elif after.mode != Mode.ACTIVE.value:
        text = f"the mode stays {after.mode}: an `up` that asks agents for a change ends without it"
        yield _finding("mode", text, "mode")


def _protection(steps: tuple[Step, ...]) -> Iterator[Finding]:
    """What is protected no longer, or from now on, by its type: the engine would delete it, or refuse to."""
    found: dict[tuple[str, bool], list[str]] = {}
    for step in steps:
        if step.old is not None and step.new is not None and not step.is_going and step.old.protect != step.new.protect:
            found.setdefault((step.type, step.new.protect), []).append(step.name)
    for (token, protect), names in found.items():
        happens = "protected from deletion" if protect else "no longer protected from deletion"
        counted = f"{len(names)} of {token} are" if len(names) > 1 else f"{token} {names[0]} is"
        level = Level.FINE if protect else Level.ATTENTION
        yield _finding("protection", f"{counted} {happens}", listed(names), level)


def _finding(code: str, text: str, where: str, level: Level = Level.ATTENTION) -> Finding:
    return Finding(level=level, subject=Subject.BRAKES, code=code, where=where, text=text)
